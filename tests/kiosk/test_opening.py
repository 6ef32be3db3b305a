"""What may be typed, and what becomes of it (E01)."""

import pytest

from hardware.cards.emrtd.mrz import information
from hardware.cards.port import Can, Mrz
from kiosk.messages import Act, BadMessage, decode, encode
from kiosk.opening import access
from kiosk.pages import DOCUMENT_NUMBER_MOST, TypedCan, TypedMrz

RESIDENT_NUMBER = "11010519491231002X"


def test_the_check_digits_are_computed() -> None:
    """ICAO Doc 9303-11, appendix D.2."""
    opens = access(TypedMrz("L898902C", "19690806", "19940623"))
    assert isinstance(opens, Mrz)
    assert information(opens) == b"L898902C<369080619406236"


def test_six_digits_are_a_can() -> None:
    assert access(TypedCan("123456")) == Can("123456")


@pytest.mark.parametrize(
    "typed",
    [
        TypedCan("12345"),
        TypedCan("12345x"),
        TypedMrz("", "19740812", "20301231"),
        TypedMrz("L898 902", "19740812", "20301231"),
        TypedMrz("L898902C3", "19740230", "20301231"),
        TypedMrz("L898902C3", "19740812", "2030123"),
    ],
)
def test_what_cannot_be_right_opens_nothing(typed: TypedCan | TypedMrz) -> None:
    assert access(typed) is None


def test_nothing_that_was_typed_is_shown() -> None:
    assert "898902" not in repr(Act(1, TypedMrz("L898902C3", "19740812", "20301231")))
    assert "123456" not in repr(TypedCan("123456"))


def test_no_field_takes_a_resident_number() -> None:
    """E01: not even from a user interface that was tampered with."""
    assert len(RESIDENT_NUMBER) > DOCUMENT_NUMBER_MOST
    frame = encode(Act(1, TypedMrz(RESIDENT_NUMBER, "19491231", "20301231")))
    with pytest.raises(BadMessage):
        decode(frame[4:])
