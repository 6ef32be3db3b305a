"""Whose time a journey took: each second belongs to citizen, reader, platform or printer, or else to us.

The journey is cut at its marks (a page was painted, a finger tapped, a record was written to the audit log). Spans say
when somebody else was at work. What no span covers is ours; nothing is ours that a span covers, and nothing is counted
twice. All moments are seconds of CLOCK_MONOTONIC, which all processes of one machine share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise


class Owner(Enum):
    """Who took the time."""

    CITIZEN = "citizen"
    READER = "reader"
    PLATFORM = "platform"
    PRINTER = "printer"
    OURS = "ours"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Something happened."""

    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody else's time."""

    owner: Owner
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one mark to the next, `what`: seconds by owner, which add up to its length."""

    what: str
    seconds: dict[Owner, float]


@dataclass(frozen=True, slots=True)
class Account:
    """One whole journey."""

    stretches: tuple[Stretch, ...]

    def total(self, owner: Owner) -> float:
        return sum(stretch.seconds[owner] for stretch in self.stretches)

    @property
    def whole(self) -> float:
        return sum(self.total(owner) for owner in Owner)


def account(marks: Sequence[Mark], spans: Sequence[Span]) -> Account:
    """The stretches between the marks, in order of time. Where spans overlap, the one that began first has the time."""
    ordered = sorted(marks)
    return Account(tuple(Stretch(end.what, _shares(begin.at, end.at, spans)) for begin, end in pairwise(ordered)))


def _shares(began: float, ended: float, spans: Sequence[Span]) -> dict[Owner, float]:
    seconds = dict.fromkeys(Owner, 0.0)
    told = began
    for span in sorted(spans, key=lambda span: span.began):
        first, last = max(span.began, told), min(span.ended, ended)
        if first < last:
            seconds[span.owner] += last - first
            told = last
    seconds[Owner.OURS] = ended - began - sum(seconds.values())
    return seconds
