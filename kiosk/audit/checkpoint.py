"""Signed places in the chain: who holds no key can begin no chain of their own and pass it off as this terminal's.

A checkpoint is a record `audit.checkpoint` that signs, with the terminal's Ed25519 key (RFC 8032), its own number and
the hash of the record before it, and thereby everything up to there. The writer makes one at the end of every session
and never lets more than `UNSIGNED_MOST` records follow without; the verifier refuses a longer gap, so checkpoints
cannot be left out either. The public key is kept where the terminal is not: with the fleet or the auditor.
"""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from kiosk.audit.record import Field
from platform_client import credentials
from platform_client.credentials import CredentialError

EVENT: Final = "audit.checkpoint"
UNSIGNED_MOST: Final = 64
_CONTEXT: Final = b"onecard-kiosk audit checkpoint 1\0"


class KeyUnusable(Exception):
    """The key cannot be used; the text names the file and what to do."""


class Signer(Protocol):
    """Holds the key, or speaks to what holds it."""

    @property
    def key_id(self) -> str: ...

    def sign(self, data: bytes) -> bytes: ...


class KeyFile:
    """An Ed25519 key as unencrypted PEM: a credential of the unit or a file that nobody else may read."""

    def __init__(self, name: str) -> None:
        """`name` as in platform_client.credentials. Raises KeyUnusable."""
        try:
            key = load_pem_private_key(credentials.read(name), None)
        except CredentialError as error:
            raise KeyUnusable(f"{error}; `kiosk audit key` makes one") from None
        except (ValueError, TypeError):
            raise KeyUnusable(f"{name}: no unencrypted PEM key; `kiosk audit key` makes one") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnusable(f"{name}: not an Ed25519 key; `kiosk audit key` makes one")
        self._key = key
        self.key_id = _key_id(key.public_key())

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new key there, for its owner only. Raises FileExistsError: a key is never replaced unseen."""
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
        return cls(str(path.absolute()))

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def public_pem(self) -> bytes:
        """What a verifier needs."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class PublicKey:
    """What a checkpoint is checked with."""

    def __init__(self, pem: bytes) -> None:
        """Raises KeyUnusable."""
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            raise KeyUnusable("not a PEM public key") from None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyUnusable("not an Ed25519 public key")
        self._key = key
        self.key_id = _key_id(key)

    def signed(self, seq: int, before: str, fields: object) -> bool:
        """Did this key sign the checkpoint `seq` that follows the record with the hash `before`?"""
        if not isinstance(fields, dict) or fields.get("key") != self.key_id:
            return False
        try:
            self._key.verify(base64.b64decode(str(fields.get("signature")), validate=True), _statement(seq, before))
        except (binascii.Error, InvalidSignature, ValueError):
            return False
        return True


def checkpoint(signer: Signer, seq: int, before: str) -> dict[str, Field]:
    """The fields of the checkpoint with the number `seq` after the record with the hash `before`."""
    signature = signer.sign(_statement(seq, before))
    return {"key": signer.key_id, "signature": base64.b64encode(signature).decode("ascii")}


def _statement(seq: int, before: str) -> bytes:
    return _CONTEXT + seq.to_bytes(8, "big") + bytes.fromhex(before)


def _key_id(key: Ed25519PublicKey) -> str:
    """The first half of SHA-256 over the raw key, in hexadecimal: it names a key, it does not prove one."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]
