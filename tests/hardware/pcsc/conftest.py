"""The PC/SC service of this process, with an empty reader."""

from collections.abc import Iterator

import pytest

from hardware.cards.emulator.pcscd import PrivatePcscd


@pytest.fixture
def pcscd(private_pcscd: PrivatePcscd) -> Iterator[PrivatePcscd]:
    """It runs, its reader is plugged in and empty."""
    private_pcscd.plug()
    private_pcscd.start()
    yield private_pcscd
    private_pcscd.stop()
