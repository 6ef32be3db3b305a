"""A profile's URI chooses the reader's driver; what names none ends the start with advice."""

from datetime import date
from pathlib import Path

import pytest

from hardware.cards.emulator.utopia import State
from hardware.cards.pcsc.reader import PcscReader
from hardware.cards.sdt_reader import SdtReader
from kiosk.bootstrap import card_reader
from kiosk.profile import ProfileError, Reader


@pytest.mark.parametrize("uri", ["sdt:///dev/ttyUSB0?baud=57600", "sdt+usb://", "sdt+usb://0400:c35a?at=1-2"])
def test_second_generation_cards_are_read_by_sdt(uri: str) -> None:
    assert isinstance(card_reader(Reader(uri), date.today), SdtReader)


@pytest.mark.parametrize(
    ("uri", "advice"),
    [("sdt:///dev/ttyUSB0?baud=1", "baud is one of"), ("hid:///dev/hidraw0", "sdt:///dev/")],
)
def test_a_uri_that_names_no_reader_is_a_flaw_of_the_profile(uri: str, advice: str) -> None:
    with pytest.raises(ProfileError, match=advice):
        card_reader(Reader(uri), date.today)


def test_travel_documents_are_read_over_pcsc_and_believed_only_with_trust_anchors(tmp_path: Path) -> None:
    (tmp_path / "utopia.cer").write_bytes(State(date.today()).certificate)
    assert isinstance(card_reader(Reader("pcsc://", trust=tmp_path), date.today), PcscReader)
    for missing in (None, tmp_path / "nowhere"):
        with pytest.raises(ProfileError, match="trust"):
            card_reader(Reader("pcsc://", trust=missing), date.today)
