"""The rule of citizen numbers (GB 11643-1999): region, day of birth, order, check character by ISO 7064 MOD 11-2.

A number that breaks it was misread or made up (requirement E04). Three kinds of people have such numbers, and the first
six digits tell them apart:

- citizens: a known province (GB/T 2260) and a division below it, by shape. County codes change with every reform while
  numbers live on, so a list would refuse real people;
- residents from Hong Kong, Macau and Taiwan: 810000, 820000, 830000;
- foreigners with permanent residence, since December 2023: 9, the province, the numeric code of the nationality (rules
  for machine reading of the 2023 card, National Immigration Administration).

No exception here quotes the number.
"""

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS: Final = "10X98765432"
_DIGITS: Final = frozenset("0123456789")
_PROVINCES: Final = frozenset(
    province
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
    for province in range(first, last + 1)
)
_RESIDENCE_PERMIT_REGIONS: Final = frozenset({"810000", "820000", "830000"})
_FOREIGNER: Final = "9"
_OLDEST_YEARS: Final = 150


class NumberFlaw(Enum):
    """What is wrong, from left to right."""

    SHAPE = "not seventeen digits and a check character"
    REGION = "the first six digits are not those of this kind of number"
    BIRTH = "no day on which a living person was born"
    CHECK_CHARACTER = "the check character does not fit"


class InvalidNumber(ValueError):
    """The number breaks the rule; `flaw` says how."""

    def __init__(self, flaw: NumberFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


def check_character(first_seventeen: str) -> str:
    """The eighteenth character for seventeen digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def validate(number: str, today: date) -> None:
    """Returns when a citizen's number keeps the rule and its holder was born by `today`. Raises InvalidNumber."""
    _validate(number, today, _is_county)


def validate_residence_permit(number: str, today: date) -> None:
    """The same for a resident from Hong Kong, Macau or Taiwan."""
    _validate(number, today, _RESIDENCE_PERMIT_REGIONS.__contains__)


def validate_permanent_residence(number: str, today: date) -> None:
    """The same for a foreigner with a card of 2023."""
    _validate(number, today, _is_foreigner)


def calendar_day(eight_digits: str) -> date | None:
    """The day written as YYYYMMDD, or None when the calendar has no such day."""
    if len(eight_digits) != 8 or not _DIGITS.issuperset(eight_digits):
        return None
    try:
        return date(int(eight_digits[:4]), int(eight_digits[4:6]), int(eight_digits[6:]))
    except ValueError:
        return None


def _validate(number: str, today: date, known: Callable[[str], bool]) -> None:
    if len(number) != 18 or not _DIGITS.issuperset(number[:17]) or number[17] not in _CHECK_CHARACTERS:
        raise InvalidNumber(NumberFlaw.SHAPE)
    if not known(number[:6]):
        raise InvalidNumber(NumberFlaw.REGION)
    born = calendar_day(number[6:14])
    if born is None or born > today or born.year < today.year - _OLDEST_YEARS:
        raise InvalidNumber(NumberFlaw.BIRTH)
    if check_character(number[:17]) != number[17]:
        raise InvalidNumber(NumberFlaw.CHECK_CHARACTER)


def _is_county(six_digits: str) -> bool:
    return int(six_digits[:2]) in _PROVINCES and six_digits[2:] != "0000"


def _is_foreigner(six_digits: str) -> bool:
    return six_digits[0] == _FOREIGNER and int(six_digits[1:3]) in _PROVINCES and six_digits[3:] != "000"
