"""The synthetic people of the sandbox and what a source knows about one of them.

There is no list: whoever the evidence names exists here, and every value about them follows from their number by a
keyed hash. So each source answers on its own, any valid card of the emulators works, and the same person always has
the same records. Nothing is stored.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

_T = TypeVar("_T")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES: Final = "赵钱孙李周吴郑王"
_GIVEN_NAMES: Final = ("一帆", "晓雨", "文博", "思远")


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Somebody by the name and number on a document; of a resident 18 characters (GB 11643)."""

    name: str
    number: str

    def __repr__(self) -> str:
        return "Person(***)"

    @property
    def born(self) -> date:
        """From the number. Raises ValueError when it holds no date, as that of a travel document."""
        return date(int(self.number[6:10]), int(self.number[10:12]), int(self.number[12:14]))

    @property
    def male(self) -> bool:
        """From the number: odd orders are given to men."""
        return int(self.number[16]) % 2 == 1

    @property
    def foreign(self) -> bool:
        """A foreigner with permanent residence: their numbers of 2023 begin with 9."""
        return self.number.startswith("9")

    @property
    def masked_number(self) -> str:
        """As other people may see it: without digits 7 to 14, the date of birth (E05); of others the last two."""
        if len(self.number) != 18:
            return "*" * (len(self.number) - 2) + self.number[-2:]
        return self.number[:6] + "*" * 8 + self.number[14:]


class Draw:
    """Values that are always the same for one `seed`: each `label` draws independently of the others."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()

    @classmethod
    def about(cls, person: Person) -> "Draw":
        return cls(person.number)

    def number(self, label: str, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        digest = hashlib.blake2b(label.encode(), key=self._seed, digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def one(self, label: str, choices: Sequence[_T]) -> _T:
        return choices[self.number(label, 0, len(choices) - 1)]

    def person(self, label: str, *, male: bool, first: int = 1950, last: int = 2005) -> Person:
        """Another synthetic resident, born between the years `first` and `last`."""
        name = self.one(f"{label} surname", _SURNAMES) + self.one(f"{label} given name", _GIVEN_NAMES)
        order = self.number(f"{label} order", 0, 499) * 2 + male
        body = (
            "999900"  # no such county: never a real number
            f"{self.number(f'{label} year', first, last)}{self.number(f'{label} month', 1, 12):02}"
            f"{self.number(f'{label} day', 1, 28):02}{order:03}"
        )
        return Person(name, body + check_character(body))


def somebody_else(person: Person) -> Person:
    """Another synthetic resident, for the fault in which the platform mixes people up."""
    return Draw.about(person).person("other", male=not person.male)


def check_character(body: str) -> str:
    """The last character of a number, from its first 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]
