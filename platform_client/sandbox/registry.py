"""The synthetic people of the sandbox and what a source knows about one of them.

There is no list: whoever the evidence names exists here, and every value about them follows from their number by a
keyed hash. So each source answers on its own, any valid card of the emulators works, and the same person always has
the same records. Nothing is stored.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_T = TypeVar("_T")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A resident by name and 18-character number (GB 11643)."""

    name: str
    number: str

    def __repr__(self) -> str:
        return "Person(***)"


class Draw:
    """Values about one person that are always the same: each `label` draws independently of the others."""

    def __init__(self, person: Person) -> None:
        self._seed = person.number.encode()

    def number(self, label: str, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        digest = hashlib.blake2b(label.encode(), key=self._seed, digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def one(self, label: str, choices: Sequence[_T]) -> _T:
        return choices[self.number(label, 0, len(choices) - 1)]


def somebody_else(person: Person) -> Person:
    """Another synthetic resident, for the fault in which the platform mixes people up."""
    draw = Draw(person)
    given = ("一帆", "晓雨", "文博", "思远")
    name = draw.one("other surname", "赵钱孙李周吴郑王") + draw.one("other given name", given)
    body = (
        "999900"  # no such county: never a real number
        f"{draw.number('other year', 1950, 2005)}{draw.number('other month', 1, 12):02}"
        f"{draw.number('other day', 1, 28):02}{draw.number('other order', 1, 999):03}"
    )
    return Person(name, body + check_character(body))


def check_character(body: str) -> str:
    """The last character of a number, from its first 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]
