"""A profile's URI chooses the reader's driver; what names none ends the start with advice."""

from datetime import date

import pytest

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
