"""Ours and its floor, in turn, several rounds."""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Round = Callable[[], Awaitable[float]]
"""Does the work once; the seconds it took."""


class NotMeasured(Exception):
    """A step did not do what was to be measured; the text says what it did."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of the rounds, at least one."""

    seconds: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True, slots=True)
class Row:
    """One step. `floor_is`: what the floor does; empty where there is none to compare with."""

    step: str
    ours: Times
    floor: Times | None = None
    floor_is: str = ""

    @property
    def ratio(self) -> float | None:
        """Median over median."""
        return None if self.floor is None else self.ours.median / self.floor.median


async def alternate(rounds: int, ours: Round, floor: Round) -> tuple[Times, Times]:
    """Both in turn, each going first every other time; a round before the first warms caches and is not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for which in (0, 1) if number % 2 else (1, 0):
            seconds = await (ours, floor)[which]()
            if number:
                taken[which].append(seconds)
    return Times(tuple(taken[0])), Times(tuple(taken[1]))


async def repeat(rounds: int, ours: Round) -> Times:
    """Ours alone, after one round that is not counted."""
    await ours()
    return Times(tuple([await ours() for _ in range(rounds)]))


async def taking(work: Awaitable[Any]) -> float:
    """How long it takes to await `work`, in seconds."""
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
