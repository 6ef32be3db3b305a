"""One private PC/SC service for all tests of this process: its client library takes the socket's name only once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.cards.emulator.pcscd import PrivatePcscd


@pytest.fixture(scope="session")
def private_pcscd(tmp_path_factory: pytest.TempPathFactory) -> PrivatePcscd:
    folder = Path(tmp_path_factory.mktemp("pcscd"))
    service = PrivatePcscd(folder)
    os.environ.update(service.environment)
    return service


@pytest.fixture
def pcscd(private_pcscd: PrivatePcscd) -> Iterator[PrivatePcscd]:
    """It runs, its reader is plugged in and empty."""
    private_pcscd.plug()
    private_pcscd.start()
    yield private_pcscd
    private_pcscd.stop()
