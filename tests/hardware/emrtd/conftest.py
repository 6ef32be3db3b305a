"""Portraits for the documents."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from document_samples import picture


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A JPEG beyond 32 KiB, so that DG2 is also read where the offset leaves P1-P2."""
    made = picture("JPEG", (480, 480))
    assert 0x8000 < len(made) < 0x20000
    return made


@pytest.fixture(scope="session")
def small_portrait() -> bytes:
    return picture("JPEG", (48, 64))


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
