"""The numbers a platform gives to things: two letters for the kind, the day, eight random digits, a check character.

`BJ261125-40718256-7` is a case (办件), TY its review code (统一审核编码), YY an appointment (预约), TS a
complaint (投诉), CL a piece of material (材料). The check character is ISO/IEC 7064 MOD 11-2 over the
digits, so a slip of the finger is found before anything is sent; and because only numbers of this form
are ever sent, an identity number that somebody types in the place of one goes nowhere (E01).
"""

import re
from datetime import date
from enum import Enum
from typing import Final

_FORM: Final = re.compile(r"([A-Z]{2})([0-9]{6})-([0-9]{8})-([0-9X])")


class Series(Enum):
    """What a number is given to."""

    CASE = "BJ"
    APPOINTMENT = "YY"
    COMPLAINT = "TS"
    MATERIAL = "CL"
    REVIEW = "TY"


class NotANumber(ValueError):
    """This is not a number of that series. The text is not repeated: it may be anything."""

    def __init__(self, series: Series) -> None:
        super().__init__(f"not a number of the series {series.value}")


def checked(series: Series, text: str) -> str:
    """`text` if it is a number of `series`. Raises NotANumber."""
    form = _FORM.fullmatch(text)
    if form is None or form[1] != series.value or form[4] != _check_character(form[2] + form[3]):
        raise NotANumber(series)
    return text


def number(series: Series, day: date, digits: int) -> str:
    """The number of `series` for `day` and a random `digits` below 10^8."""
    body = f"{day:%y%m%d}{digits:08}"
    return f"{series.value}{body[:6]}-{body[6:]}-{_check_character(body)}"


def _check_character(body: str) -> str:
    rest = 0
    for digit in body:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]
