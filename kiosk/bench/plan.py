"""How often each thing is measured."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds of each kind of measurement. `idle_s`: how long a still page is watched."""

    short: int
    """Steps of some milliseconds to some hundred."""
    long: int
    """Steps of seconds: paper, start, a replayed face check."""
    journeys: int
    idle_s: float


FULL: Final = Plan(short=20, long=5, journeys=5, idle_s=12.0)
QUICK: Final = Plan(short=5, long=3, journeys=1, idle_s=12.0)
"""`idle_s` stays longer than the 10 s after which the lobby asks platform and printer again."""
