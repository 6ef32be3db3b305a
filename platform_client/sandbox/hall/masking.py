"""What an answer may show of a person: the first character of the name, the number without its birth date (E05)."""

import re
from typing import Final

from platform_client.hall import Holder
from platform_client.sandbox.registry import Person

_LONG_NUMBER: Final = re.compile(r"\d[\d \-]{5,}[\dXxＸｘ]")


def holder_of(person: Person) -> Holder:
    """Digits 7 to 14, the date of birth, are stars; so is each character of the name after the first."""
    number = f"{person.number[:6]}{'*' * 8}{person.number[14:]}"
    return Holder(person.name[:1] + "*" * max(1, len(person.name) - 1), number)


def without_author(text: str, person_name: str) -> str:
    """`text` for everybody to read: without the author's name, and without numbers that could be an identity card's, a
    telephone's or an account's."""
    return _LONG_NUMBER.sub("＊＊＊", text.replace(person_name, "＊＊＊"))
