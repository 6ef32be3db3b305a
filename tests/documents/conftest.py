"""One set of certificates and one good document for all tests of the room."""

from pathlib import Path

import pytest
from sealed_samples import Sealer, compose
from signing_hall import Hall


@pytest.fixture(scope="session")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return Sealer(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def good(sealer: Sealer) -> bytes:
    return sealer.seal(compose())


@pytest.fixture
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short enough for the path of a unix socket."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Hall:
    return Hall(tmp_path_factory.mktemp("hall"))
