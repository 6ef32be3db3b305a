"""Each switch of the emulated chip shows what it promises, and is gone when it is turned off."""

import pytest
from document_samples import TODAY

from hardware.cards.emrtd.document import Policy, read_document
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.specimens import Specimen, make

SHOWS = {
    "slow": None,
    "silence": EmrtdFault.GONE,
    "pulled": EmrtdFault.GONE,
    "no-extended-length": None,
    "tampered-data": EmrtdFault.NOT_AUTHENTIC,
    "tampered-face": EmrtdFault.NOT_AUTHENTIC,
    "cloned": EmrtdFault.NOT_AUTHENTIC,
    "corrupt-frame": EmrtdFault.PROTOCOL,
    "huge-lengths": EmrtdFault.PROTOCOL,
}
"""None: the document is read all the same."""


def test_every_switch_is_tried() -> None:
    assert set(SHOWS) == set(ChipFaults.SWITCHES)


@pytest.mark.parametrize("switch", SHOWS)
def test_a_switch_shows_and_goes_away(switch: str, small_portrait: bytes) -> None:
    issued = make(Specimen.PASSPORT, small_portrait, TODAY)
    faults = ChipFaults()
    waited: list[float] = []

    def read() -> EmrtdFault | None:
        chip = EmrtdChip(issued.document, faults, wait=waited.append)
        try:
            read_document(chip, issued.document.access, Policy(), TrustAnchors([issued.anchor]), TODAY)
        except EmrtdError as error:
            return error.fault
        return None

    faults.turn_on(switch)
    assert read() is SHOWS[switch]
    assert bool(waited) == (switch == "slow")
    faults.turn_off(switch)
    assert read() is None
