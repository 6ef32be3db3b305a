"""The 256-byte text block of a second-generation card: UTF-16LE in fields of fixed width (GA/T 490).

The character at byte 248 names the layout: blank for a resident, J for a resident from Hong Kong, Macau or Taiwan, I
and Y for a foreigner with permanent residence (cards of 2017 and 2023). Everything that a rule says about a field is
checked here, so what comes out is what an issuer can have written; which day it is valid on is for the reader to judge.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from hardware.cards.codes import NATION, NATIONALITIES, SEX
from hardware.cards.port import CardError, CardFault
from hardware.cards.reading import Kind, NotPicklable, Sex
from hardware.cards.resident_number import (
    InvalidNumber,
    calendar_day,
    validate,
    validate_permanent_residence,
    validate_residence_permit,
)

Word = TypeVar("Word", bound=str)
Fields = dict[str, str]

BLOCK_BYTES: Final = 256
ADDRESS_BYTES: Final = 70
_FLAG: Final = slice(248, 250)
_PADDING: Final = " \0"
_NO_END: Final = "长期"
_RESERVED: Final = "reserved"

# Widths in bytes, in the order of the card. Nobody says what stands in the reserved places, so they are not decoded.
_LIKE_A_RESIDENT: Final = (("birth", 16), ("address", ADDRESS_BYTES), ("number", 36), ("issuer", 30))
_VALIDITY: Final = (("valid_from", 16), ("valid_until", 16))
LAYOUTS: Final[Mapping[Kind, tuple[tuple[str, int], ...]]] = {
    Kind.RESIDENT: (
        *(("name", 30), ("sex", 2), ("nation", 4)),
        *_LIKE_A_RESIDENT,
        *_VALIDITY,
        *((_RESERVED, 28), ("flag", 2), (_RESERVED, 6)),
    ),
    Kind.HMT_RESIDENCE: (
        *(("name", 30), ("sex", 2), (_RESERVED, 4)),
        *_LIKE_A_RESIDENT,
        *_VALIDITY,
        *(("pass_number", 18), ("issue_count", 4), (_RESERVED, 6), ("flag", 2), (_RESERVED, 6)),
    ),
    Kind.FOREIGN_2017: (
        *(("latin_name", 120), ("sex", 2), ("number", 30), ("nationality", 6), ("name", 30)),
        *_VALIDITY,
        *(("birth", 16), (_RESERVED, 4), ("issuer", 8), ("flag", 2), (_RESERVED, 6)),
    ),
    Kind.FOREIGN_2023: (
        *(("name", 30), ("sex", 2), ("issue_count", 4), ("birth", 16), ("latin_name", 70), ("number", 36)),
        (_RESERVED, 30),
        *_VALIDITY,
        *(("latin_name_rest", 22), ("nationality", 6), ("flag", 2), ("related_number", 6)),
    ),
}
FLAGS: Final = {
    Kind.RESIDENT: " ",
    Kind.HMT_RESIDENCE: "J",
    Kind.FOREIGN_2017: "I",
    Kind.FOREIGN_2023: "Y",
}

_LATIN_NAME: Final = re.compile(r"[A-Z][A-Z ,.'-]*", re.IGNORECASE | re.ASCII)
_PASS_NUMBER: Final = re.compile(r"[HM]?\d{8}", re.ASCII)
_COUNT: Final = re.compile(r"\d{2}", re.ASCII)
# Nationality, place of application, YYMMDD of birth, order, check digit.
_NUMBER_OF_2017: Final = re.compile(r"(?P<nationality>[A-Z]{3})\d{4}(?P<birth>\d{6})\d{2}", re.ASCII)
_RELATED_NUMBER: Final = re.compile(r"[0-9A-Z]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardText(NotPicklable):
    """The text of a card, every field in order. Meaning as in `CardReading`."""

    kind: Kind
    name: str
    latin_name: str = ""
    sex: Sex
    nation: str = ""
    nationality: str = ""
    birth: date
    address: str = ""
    number: str
    pass_number: str = ""
    issue_count: int | None = None
    related_number: str = ""
    issuer: str
    valid_from: date
    valid_until: date | None

    def __repr__(self) -> str:
        return f"CardText({self.kind.value}, …)"


def parse(block: bytes, today: date) -> CardText:
    """The fields of a card. Raises CardError: UNREADABLE, KIND_UNSUPPORTED or NUMBER_INVALID."""
    if len(block) != BLOCK_BYTES:
        raise CardError(CardFault.UNREADABLE, f"text block of {len(block)} bytes")
    kind = _kind(block)
    text = _PARSERS[kind](_cut(block, kind), today)
    if text.valid_from < text.birth:
        raise CardError(CardFault.UNREADABLE, "valid_from lies before birth")
    if text.valid_until is not None and text.valid_until < text.valid_from:
        raise CardError(CardFault.UNREADABLE, "valid_until lies before valid_from")
    return text


def newest_address(slots: bytes) -> str:
    """The address to go by among those written since the card was issued; empty when all places are blank.

    GA/T 490 has four places of 70 bytes. They are filled in order, so the last one that is not blank is where the
    holder lives now, and replaces the printed address. Raises CardError: UNREADABLE.
    """
    newest = ""
    for start in range(0, len(slots), ADDRESS_BYTES):
        fields = _decoded_fields(slots[start : start + ADDRESS_BYTES], (("new address", ADDRESS_BYTES),))
        if fields["new address"].strip(_PADDING):
            newest = _text(fields, "new address")
    return newest


# --- the four layouts ------------------------------------------------------------------------------------------------


def _resident(fields: Fields, today: date) -> CardText:
    return CardText(
        kind=Kind.RESIDENT,
        name=_text(fields, "name"),
        sex=_coded(fields, "sex", SEX),
        nation=_coded(fields, "nation", NATION),
        birth=_day(fields, "birth"),
        address=_text(fields, "address"),
        number=_number(fields, today, validate),
        issuer=_text(fields, "issuer"),
        valid_from=_day(fields, "valid_from"),
        valid_until=None if fields["valid_until"].rstrip(_PADDING) == _NO_END else _day(fields, "valid_until"),
    )


def _hmt_resident(fields: Fields, today: date) -> CardText:
    return CardText(
        kind=Kind.HMT_RESIDENCE,
        name=_text(fields, "name"),
        sex=_coded(fields, "sex", SEX),
        birth=_day(fields, "birth"),
        address=_text(fields, "address"),
        number=_number(fields, today, validate_residence_permit),
        pass_number=_matching(fields, "pass_number", _PASS_NUMBER),
        issue_count=int(_matching(fields, "issue_count", _COUNT)),
        issuer=_text(fields, "issuer"),
        valid_from=_day(fields, "valid_from"),
        valid_until=_day(fields, "valid_until"),
    )


def _foreigner_2017(fields: Fields, today: date) -> CardText:
    latin_name = _matching(fields, "latin_name", _LATIN_NAME)
    return CardText(
        kind=Kind.FOREIGN_2017,
        name=_optional_text(fields, "name") or latin_name,
        latin_name=latin_name,
        sex=_coded(fields, "sex", SEX),
        nationality=_nationality(fields),
        birth=_day(fields, "birth"),
        number=_number_of_2017(fields, today),
        issuer=_text(fields, "issuer"),
        valid_from=_day(fields, "valid_from"),
        valid_until=_day(fields, "valid_until"),
    )


def _foreigner_2023(fields: Fields, today: date) -> CardText:
    # A name too long for its first place goes on in the second, in the middle of a word or at a blank.
    whole = {"latin_name": fields["latin_name"] + fields["latin_name_rest"]}
    latin_name = _matching(whole, "latin_name", _LATIN_NAME)
    return CardText(
        kind=Kind.FOREIGN_2023,
        name=_optional_text(fields, "name") or latin_name,
        latin_name=latin_name,
        sex=_coded(fields, "sex", SEX),
        nationality=_nationality(fields),
        birth=_day(fields, "birth"),
        number=_number(fields, today, validate_permanent_residence),
        issue_count=int(_matching(fields, "issue_count", _COUNT)),
        related_number=_optional(fields, "related_number", _RELATED_NUMBER),
        issuer="",
        valid_from=_day(fields, "valid_from"),
        valid_until=_day(fields, "valid_until"),
    )


_PARSERS: Final[Mapping[Kind, Callable[[Fields, date], CardText]]] = {
    Kind.RESIDENT: _resident,
    Kind.HMT_RESIDENCE: _hmt_resident,
    Kind.FOREIGN_2017: _foreigner_2017,
    Kind.FOREIGN_2023: _foreigner_2023,
}


# --- from bytes to fields --------------------------------------------------------------------------------------------


def _kind(block: bytes) -> Kind:
    flag = _decoded(block[_FLAG])
    for kind, its_flag in FLAGS.items():
        if flag == its_flag:
            return kind
    if flag == "\0":
        return Kind.RESIDENT
    raise CardError(CardFault.KIND_UNSUPPORTED, "unknown kind of card")


def _cut(block: bytes, kind: Kind) -> Fields:
    return _decoded_fields(block, LAYOUTS[kind])


def _decoded_fields(block: bytes, layout: tuple[tuple[str, int], ...]) -> Fields:
    """Each field with its padding, for only some of it is known to be padding before the field's rule is."""
    fields = {}
    start = 0
    for name, width in layout:
        if name != _RESERVED:
            text = _decoded(block[start : start + width])
            if text is None:
                raise CardError(CardFault.UNREADABLE, f"{name} is not UTF-16")
            fields[name] = text
        start += width
    return fields


def _decoded(raw: bytes) -> str | None:
    # The library's exception carries the bytes it failed on, so it ends here and is nobody's context.
    try:
        return raw.decode("utf-16-le")
    except UnicodeDecodeError:
        return None


# --- the rules of single fields --------------------------------------------------------------------------------------


def _text(fields: Fields, name: str) -> str:
    # Rare characters of names may lie in a private use area; controls and blanks in front never belong to a text.
    text = fields[name].rstrip(_PADDING)
    if not text or text != text.lstrip() or any(character < " " or character == "\x7f" for character in text):
        raise CardError(CardFault.UNREADABLE, f"{name} is no text")
    return text


def _optional_text(fields: Fields, name: str) -> str:
    return _text(fields, name) if fields[name].strip(_PADDING) else ""


def _matching(fields: Fields, name: str, rule: re.Pattern[str]) -> str:
    text = fields[name].rstrip(_PADDING)
    if not rule.fullmatch(text):
        raise CardError(CardFault.UNREADABLE, f"{name} breaks its rule")
    return text


def _optional(fields: Fields, name: str, rule: re.Pattern[str]) -> str:
    return _matching(fields, name, rule) if fields[name].strip(_PADDING) else ""


def _coded(fields: Fields, name: str, table: Mapping[str, Word]) -> Word:
    meaning = table.get(fields[name].rstrip(_PADDING))
    if meaning is None:
        raise CardError(CardFault.UNREADABLE, f"{name} is not in its code table")
    return meaning


def _nationality(fields: Fields) -> str:
    if fields["nationality"] not in NATIONALITIES:
        raise CardError(CardFault.UNREADABLE, "nationality is not in its code table")
    return fields["nationality"]


def _day(fields: Fields, name: str) -> date:
    day = calendar_day(fields[name])
    if day is None:
        raise CardError(CardFault.UNREADABLE, f"{name} is no date")
    return day


def _number(fields: Fields, today: date, rule: Callable[[str, date], None]) -> str:
    """A number under GB 11643 that names the day of birth on the card."""
    number, birth = fields["number"].rstrip(_PADDING), _day(fields, "birth")
    flaw = None
    try:
        rule(number, today)
    except InvalidNumber as error:
        flaw = error.flaw.value
    if flaw is None and number[6:14] != f"{birth:%Y%m%d}":
        flaw = "the number and the field of birth name different days"
    if flaw is not None:
        raise CardError(CardFault.NUMBER_INVALID, flaw)
    return number


def _number_of_2017(fields: Fields, today: date) -> str:
    """Fifteen characters by shape and birth; how its check digit is made was never published."""
    number, birth = fields["number"].rstrip(_PADDING), _day(fields, "birth")
    parts = _NUMBER_OF_2017.fullmatch(number)
    if parts is None or parts["nationality"] not in NATIONALITIES:
        raise CardError(CardFault.NUMBER_INVALID, "not three letters of a nationality and twelve digits")
    if parts["birth"] != f"{birth:%y%m%d}":
        raise CardError(CardFault.NUMBER_INVALID, "the number and the field of birth name different days")
    if birth > today:
        raise CardError(CardFault.NUMBER_INVALID, "a day of birth that is still to come")
    return number
