"""The machine readable zone (Doc 9303 parts 3 to 6): TD1 of 3x30, TD2 of 2x36 and TD3 of 2x44 characters.

Every check digit is verified. Out of the same characters come the "MRZ information" that opens the chip by BAC or PACE
(Doc 9303-11, 4.3.2 and 4.4.4.1).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from hardware.cards.emrtd.faults import broken
from hardware.cards.port import Mrz
from hardware.cards.reading import NotPicklable

FILLER: Final = "<"
NUMBER_FIELD: Final = 9
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WEIGHTS: Final = (7, 3, 1)
_SEXES: Final = frozenset("MFX<")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields are in the lines joined to one string. `composite`: what the last check digit covers."""

    number: slice
    number_check: int
    nationality: slice
    birth: slice
    sex: int
    expiry: slice
    optional: tuple[slice, ...]
    names: slice
    composite: tuple[slice, ...]
    composite_check: int
    optional_check: int | None = None


_LAYOUTS: Final = {
    90: _Layout(
        number=slice(5, 14),
        number_check=14,
        nationality=slice(45, 48),
        birth=slice(30, 36),
        sex=37,
        expiry=slice(38, 44),
        optional=(slice(15, 30), slice(48, 59)),
        names=slice(60, 90),
        composite=(slice(5, 37), slice(38, 45), slice(48, 59)),
        composite_check=59,
    ),
    72: _Layout(
        number=slice(36, 45),
        number_check=45,
        nationality=slice(46, 49),
        birth=slice(49, 55),
        sex=56,
        expiry=slice(57, 63),
        optional=(slice(64, 71),),
        names=slice(5, 36),
        composite=(slice(36, 46), slice(49, 56), slice(57, 71)),
        composite_check=71,
    ),
    88: _Layout(
        number=slice(44, 53),
        number_check=53,
        nationality=slice(54, 57),
        birth=slice(57, 63),
        sex=64,
        expiry=slice(65, 71),
        optional=(slice(72, 86),),
        names=slice(5, 44),
        composite=(slice(44, 54), slice(57, 64), slice(65, 87)),
        composite_check=87,
        optional_check=86,
    ),
}


@dataclass(frozen=True, slots=True, repr=False)
class MachineReadableZone(NotPicklable):
    """What the zone says. `birth` and `expiry` are YYMMDD, `sex` is M, F, X or <, states are as printed, without <."""

    document_code: str
    issuing_state: str
    document_number: str
    nationality: str
    birth: str
    sex: str
    expiry: str
    surname: str
    given_names: str
    optional: tuple[str, ...]

    @property
    def access(self) -> Mrz:
        """What of it opens the chip. Raises ValueError when the day of expiry is unknown."""
        return Mrz(self.document_number, self.birth, self.expiry)

    def birth_date(self, today: date) -> date | None:
        """None when a part is unknown (Doc 9303-3, 4.8). The latest century that is not in the future."""
        return _day(self.birth, today.year // 100, today) or _day(self.birth, today.year // 100 - 1, today)

    def expiry_date(self, today: date) -> date:
        """In the century of today: documents live for ten years. Raises EmrtdError PROTOCOL for no day at all."""
        day = _day(self.expiry, today.year // 100, date.max)
        if day is None:
            raise broken("MRZ: no day of expiry")
        return day

    def __repr__(self) -> str:
        return f"MachineReadableZone({self.document_code}, {self.issuing_state}, …)"


def parse(text: str) -> MachineReadableZone:
    """The zone out of its lines joined to one string. Raises EmrtdError PROTOCOL."""
    layout = _LAYOUTS.get(len(text))
    if layout is None or not set(text) <= {*_ALPHABET, FILLER}:
        raise broken("MRZ: neither TD1 nor TD2 nor TD3")
    number, optional = _document_number(text, layout)
    _verify("birth", text[layout.birth], text[layout.birth.stop])
    _verify("expiry", text[layout.expiry], text[layout.expiry.stop])
    _verify("all fields", "".join(text[part] for part in layout.composite), text[layout.composite_check])
    if layout.optional_check is not None:
        _verify_optional(optional[0], text[layout.optional_check])
    if text[layout.sex] not in _SEXES:
        raise broken("MRZ: sex")
    surname, _, given_names = text[layout.names].rstrip(FILLER).partition(2 * FILLER)
    return MachineReadableZone(
        document_code=_clean(text[:2]),
        issuing_state=_clean(text[2:5]),
        document_number=number,
        nationality=_clean(text[layout.nationality]),
        birth=text[layout.birth],
        sex=text[layout.sex],
        expiry=text[layout.expiry],
        surname=_clean(surname),
        given_names=_clean(given_names),
        optional=tuple(_clean(part) for part in optional),
    )


def check_digit(field: str) -> str:
    """Weights 7, 3, 1 modulo 10, filler counts as zero (Doc 9303-3, 4.9)."""
    values = (0 if character == FILLER else _ALPHABET.index(character) for character in field)
    return str(sum(value * _WEIGHTS[place % 3] for place, value in enumerate(values)) % 10)


def information(access: Mrz) -> bytes:
    """Number, birth and expiry, each with its check digit (Doc 9303-11, 4.3.2): the password of BAC and PACE."""
    fields = (access.document_number.ljust(NUMBER_FIELD, FILLER), access.birth, access.expiry)
    return "".join(field + check_digit(field) for field in fields).encode("ascii")


def _document_number(text: str, layout: _Layout) -> tuple[str, list[str]]:
    """The number, and what is left of the optional data: a long number goes on there (Doc 9303-5, 4.2.2)."""
    number, check = text[layout.number], text[layout.number_check]
    optional = [text[part] for part in layout.optional]
    if check == FILLER and layout.optional_check is None:
        rest, _, optional[0] = optional[0].partition(FILLER)
        number, check = number + rest[:-1], rest[-1:]
    _verify("document number", number, check)
    return number.rstrip(FILLER), optional


def _verify(name: str, field: str, digit: str) -> None:
    if check_digit(field) != digit:
        raise broken(f"MRZ: check digit of {name}")


def _verify_optional(field: str, digit: str) -> None:
    """An empty field may have the filler for its digit (Doc 9303-4, 4.2.2)."""
    if digit != FILLER or field.strip(FILLER):
        _verify("optional data", field, digit)


def _clean(field: str) -> str:
    return " ".join(field.replace(FILLER, " ").split())


def _day(yymmdd: str, century: int, latest: date) -> date | None:
    if not yymmdd.isdecimal():
        return None
    try:
        day = date(century * 100 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return None
    return day if day <= latest else None
