"""The 256-byte text block of a second-generation card: UTF-16LE in fields of fixed width (GA/T 490).

The character at byte 248 names the layout; blank means resident. The other three layouts are recognised, so that their
holders are told that this terminal cannot serve them instead of being shown rubbish.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from hardware.cards.codes import NATION, SEX
from hardware.cards.port import CardError, CardFault
from hardware.cards.reading import Sex
from hardware.cards.resident_number import InvalidNumber, calendar_day, validate

Word = TypeVar("Word", bound=str)

BLOCK_BYTES: Final = 256
_FLAG: Final = slice(248, 250)
_PADDING: Final = " \0"
_NO_END: Final = "长期"
# Widths in bytes, in the order of the card.
RESIDENT_LAYOUT: Final = {
    "name": 30,
    "sex": 2,
    "nation": 4,
    "birth": 16,
    "address": 70,
    "number": 36,
    "issuer": 30,
    "valid_from": 16,
    "valid_until": 16,
    "reserved": 28,
    "flag": 2,
    "rest": 6,
}
OTHER_KINDS: Final = {
    "J": "residence permit of Hong Kong, Macau and Taiwan residents",
    "I": "permanent residence card of 2017",
    "Y": "permanent residence card of 2023",
}


@dataclass(frozen=True, slots=True, repr=False)
class ResidentText:
    """The text of a resident card, every field in order, the number checked. Meaning as in `CardReading`."""

    name: str
    sex: Sex
    nation: str
    birth: date
    address: str
    number: str
    issuer: str
    valid_from: date
    valid_until: date | None

    def __repr__(self) -> str:
        return "ResidentText(…)"


def parse(block: bytes, today: date) -> ResidentText:
    """The fields of a resident card. Raises CardError: UNREADABLE, KIND_UNSUPPORTED or NUMBER_INVALID."""
    if len(block) != BLOCK_BYTES:
        raise CardError(CardFault.UNREADABLE, f"text block of {len(block)} bytes")
    _expect_resident(block)
    fields = _cut(block)
    number = fields["number"]
    birth = _day(fields, "birth")
    _check_number(number, birth, today)
    valid_from = _day(fields, "valid_from")
    valid_until = None if fields["valid_until"] == _NO_END else _day(fields, "valid_until")
    if valid_until is not None and valid_until < valid_from:
        raise CardError(CardFault.UNREADABLE, "valid_until lies before valid_from")
    return ResidentText(
        name=_text(fields, "name"),
        sex=_coded(fields, "sex", SEX),
        nation=_coded(fields, "nation", NATION),
        birth=birth,
        address=_text(fields, "address"),
        number=number,
        issuer=_text(fields, "issuer"),
        valid_from=valid_from,
        valid_until=valid_until,
    )


def _expect_resident(block: bytes) -> None:
    flag = _decoded(block[_FLAG])
    if flag is not None and flag in _PADDING:
        return
    raise CardError(CardFault.KIND_UNSUPPORTED, OTHER_KINDS.get(flag or "", "unknown kind of card"))


def _cut(block: bytes) -> dict[str, str]:
    fields = {}
    start = 0
    for name, width in RESIDENT_LAYOUT.items():
        text = _decoded(block[start : start + width])
        if text is None:
            raise CardError(CardFault.UNREADABLE, f"{name} is not UTF-16")
        fields[name] = text.rstrip(_PADDING)
        start += width
    return fields


def _decoded(raw: bytes) -> str | None:
    # The library's exception carries the bytes it failed on, so it ends here and is nobody's context.
    try:
        return raw.decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def _text(fields: dict[str, str], name: str) -> str:
    # Rare characters of names may lie in a private use area; controls and blanks in front never belong to a text.
    text = fields[name]
    if not text or text != text.lstrip() or any(character < " " or character == "\x7f" for character in text):
        raise CardError(CardFault.UNREADABLE, f"{name} is no text")
    return text


def _coded(fields: dict[str, str], name: str, table: Mapping[str, Word]) -> Word:
    meaning = table.get(fields[name])
    if meaning is None:
        raise CardError(CardFault.UNREADABLE, f"{name} is not in its code table")
    return meaning


def _day(fields: dict[str, str], name: str) -> date:
    day = calendar_day(fields[name])
    if day is None:
        raise CardError(CardFault.UNREADABLE, f"{name} is no date")
    return day


def _check_number(number: str, birth: date, today: date) -> None:
    flaw = None
    try:
        validate(number, today)
    except InvalidNumber as error:
        flaw = error.flaw.value
    if flaw is None and number[6:14] != f"{birth:%Y%m%d}":
        flaw = "the number and the field of birth name different days"
    if flaw is not None:
        raise CardError(CardFault.NUMBER_INVALID, flaw)
