"""What is enough: every signal, the least or most it may be, and what it means when it is not.

This is the whole decision. A signal that was not asked for (no look upwards in this order, no colours on this screen)
is not judged; one that was asked for and is missing is a refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from models.liveness.depth import Depth
from models.liveness.gestures import GESTURES, OPEN, TURN_DEG, TURNS, UP_DEG, Asked, Order
from models.manifest import OperatingPoint


class Failure(Enum):
    """Why it is not proven that somebody is there."""

    NOT_SEEN = "not-seen"
    TIME_OUT = "time-out"
    WRONG_GESTURE = "wrong-gesture"
    FLAT = "flat"
    FROZEN = "frozen"
    LOOPED = "looped"
    TOO_SLOW = "too-slow"
    NOT_ONE_PERSON = "not-one-person"
    LIGHT_NOT_REFLECTED = "light-not-reflected"
    LOOKS_PRESENTED = "looks-presented"


@dataclass(frozen=True, slots=True)
class Limit:
    """`least` is what the signal must reach, `most` what it must not exceed; `failure` is what it means otherwise."""

    failure: Failure
    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        """False for what is not a number, too."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


LEAST_DEPTH: Final = {
    Asked.LEFT: Depth(relief=0.055, parallax=0.022, solidity=1.7),
    Asked.RIGHT: Depth(relief=0.055, parallax=0.022, solidity=1.7),
    # A head that looks up is seen less from below than a turned one is from aside.
    Asked.UP: Depth(relief=0.045, parallax=0.016, solidity=1.1),
}
LEAST_PART: Final = {Asked.LEFT: TURN_DEG, Asked.RIGHT: TURN_DEG, Asked.UP: UP_DEG, Asked.OPEN: OPEN}
LIGHT_LEAST: Final = 0.7


def deep_enough(asked: Asked, depth: Depth) -> bool:
    """Whether what turned was a head."""
    least = LEAST_DEPTH[asked]
    return depth.relief >= least.relief and depth.parallax >= least.parallax and depth.solidity >= least.solidity


def limits(order: Order, identity: OperatingPoint, live_at_least: float | None = None) -> dict[str, Limit]:
    """Every signal that a challenge in this order must have; `identity`: of the embedding that compares;
    `live_at_least`: of the anti-spoof network, if there is one.

    A turned or open-mouthed face differs from its own front by more than two fronts do, but by less than another
    person.
    """
    found = {
        "spread_frontal": Limit(Failure.NOT_ONE_PERSON, most=identity.same_at_most),
        "spread_turned": Limit(Failure.NOT_ONE_PERSON, most=identity.different_above),
    }
    for asked in order:
        if asked in GESTURES:
            unit = "_deg" if asked in TURNS else ""
            found[f"{asked.value}{unit}"] = Limit(Failure.TIME_OUT, least=LEAST_PART[asked])
        if asked in TURNS:
            least = LEAST_DEPTH[asked]
            found[f"relief_{asked.value}"] = Limit(Failure.FLAT, least=least.relief)
            found[f"parallax_{asked.value}"] = Limit(Failure.FLAT, least=least.parallax)
            found[f"solidity_{asked.value}"] = Limit(Failure.FLAT, least=least.solidity)
        if asked is Asked.LIGHT:
            found["light"] = Limit(Failure.LIGHT_NOT_REFLECTED, least=LIGHT_LEAST)
    if live_at_least is not None:
        found["live"] = Limit(Failure.LOOKS_PRESENTED, least=live_at_least)
    return found


def failure(
    order: Order, identity: OperatingPoint, signals: Mapping[str, float], live_at_least: float | None = None
) -> Failure | None:
    """What the first signal that is not enough means, or None when all are."""
    for name, limit in limits(order, identity, live_at_least).items():
        if not limit.holds(signals.get(name, float("nan"))):
            return limit.failure
    return None
