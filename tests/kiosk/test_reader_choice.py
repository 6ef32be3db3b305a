"""A profile's URI chooses the reader's driver; what names none ends the start with advice."""

from pathlib import Path

import pytest

from hardware.cards.sdt_reader import SdtReader
from kiosk.bootstrap import _reader
from kiosk.clock import SystemClock
from kiosk.profile import Profile, ProfileError, load
from tests.kiosk.test_profile import GOOD


def profile(folder: Path, uri: str) -> Profile:
    file = folder / "profile.toml"
    file.write_text(GOOD.replace("sdt:///dev/ttyUSB0", uri), encoding="utf-8")
    return load(file)


@pytest.mark.parametrize("uri", ["sdt:///dev/ttyUSB0?baud=57600", "sdt+usb://", "sdt+usb://0400:c35a?at=1-2"])
def test_second_generation_cards_are_read_by_sdt(tmp_path: Path, uri: str) -> None:
    assert isinstance(_reader(profile(tmp_path, uri), SystemClock()), SdtReader)


@pytest.mark.parametrize(
    ("uri", "advice"),
    [("sdt:///dev/ttyUSB0?baud=1", "baud is one of"), ("hid:///dev/hidraw0", "only sdt:///dev/")],
)
def test_a_uri_that_names_no_reader_is_a_flaw_of_the_profile(tmp_path: Path, uri: str, advice: str) -> None:
    with pytest.raises(ProfileError, match=advice):
        _reader(profile(tmp_path, uri), SystemClock())
