"""Resident identity numbers in the text of a page (GB 11643-1999: 17 digits and a check character, ISO 7064 MOD 11-2).

A number counts however it is set: in full-width digits, or with spaces between the digits, as forms with one box per
digit yield it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from hardware.cards.resident_number import calendar_day, check_character
from kiosk.documents.digests import salted_digest

# Up to four spaces between characters: more is the next column, and a bound keeps the search linear.
_GAP: Final = "[\\s\u200b-\u200d\u2060\ufeff]{0,4}"
_NUMBER: Final = re.compile(f"(?<![0-9])(?=((?:[0-9]{_GAP}){{17}}[0-9Xx])(?![0-9]))")
_SPACES: Final = re.compile("[\\s\u200b-\u200d\u2060\ufeff]")


def number_digests(texts: Iterable[str], nonce: str) -> tuple[str, ...]:
    """The salted digest of every distinct resident number in `texts`, sorted (so that their order tells nothing)."""
    return tuple(sorted({salted_digest(nonce, number) for text in texts for number in _numbers(text)}))


def _numbers(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKC", text)
    found = (_SPACES.sub("", match[1]).upper() for match in _NUMBER.finditer(plain))
    return {number for number in found if _is_resident_number(number)}


def _is_resident_number(number: str) -> bool:
    """The date of birth exists and the check character fits: one random digit string in some thousands passes."""
    return calendar_day(number[6:14]) is not None and check_character(number[:17]) == number[17]
