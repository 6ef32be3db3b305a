"""Liveness on clips, in the terms of ISO/IEC 30107-3: APCER for each kind of attack, BPCER for people who are there.

APCER (attack presentation classification error rate): the share of one kind's attacks that passed. BPCER (bona fide …):
the share of people who did not. The interval is Clopper and Pearson's (1934), one-sided at 95 %: so many tries can show
no less. **This is no certification**: the standard asks for artefacts made by a laboratory and for people, not clips.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.embedding import Embedder
from models.landmarks import POINTS, FaceMesh, Mesh, Picture
from models.liveness import policy
from models.liveness.challenge import Challenge, Failed, Passed
from models.liveness.gestures import Order
from models.liveness.light import Colour
from models.liveness.sitting import Sitting
from models.matching import Comparison

CONFIDENCE: Final = 0.95
UNDECIDED: Final = "undecided"
"""The clip ended before the check did."""
RESTARTED: Final = "started over"
"""It did, too, but something had made the check begin anew: a face that left, jumped or became another."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One measurement. `holds` None: it is only a bonus, or nothing is asked of it in this order."""

    name: str
    value: float
    least: float | None
    most: float | None
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a clip was. `reason`: empty when it passed. `seconds`: of the clip, until then."""

    passed: bool
    reason: str
    signals: tuple[Signal, ...]
    seconds: float


def judged(
    frames: Iterable[tuple[Picture, float]],
    order: Order,
    embedder: Embedder,
    stills: FaceMesh,
    colours: tuple[Colour, ...] | None = None,
) -> Judgement:
    """Plays a clip (RGB and seconds, from about zero) to a check that asks in this order."""
    sitting: Sitting | None = None
    seen_s = 0.0
    challenge = Challenge(0.0, lambda: order, None if colours is None else lambda: colours)
    for rgb, seen_s in frames:
        if sitting is None:
            # Whose face it is does not matter here: the first picture stands for the document's portrait, and where
            # nobody is in it yet, any points that are not all the same do.
            found = stills.find(rgb)
            face = found[0] if found else Mesh(np.zeros((POINTS, 3)) + np.eye(POINTS, 3))
            sitting = Sitting(FaceMesh.for_video(), Comparison(embedder, rgb.copy(), face), challenge)
        sitting.see(rgb, seen_s + 0.001)
        if sitting.outcome is not None:
            break
    if sitting is None:
        return Judgement(False, "no picture in the clip", (), 0.0)
    outcome = sitting.outcome
    sitting.forget()
    match outcome:
        case Passed(signals):
            reason = ""
        case Failed(why, signals):
            reason = why.value
        case None:
            reason, signals = RESTARTED if challenge.restarts else UNDECIDED, {}
    limits = policy.limits(order, embedder.point)
    return Judgement(not reason, reason, tuple(_signal(name, signals[name], limits) for name in signals), seen_s)


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` of `tries`; the true rate is at most `at_most`, with 95 % confidence."""

    errors: int
    tries: int

    @property
    def rate(self) -> float:
        return self.errors / self.tries

    @property
    def at_most(self) -> float:
        return upper_bound(self.errors, self.tries)


def upper_bound(errors: int, tries: int, confidence: float = CONFIDENCE) -> float:
    """The rate at which so few errors in so many tries would be seen in 1 - `confidence` of all cases."""
    if errors >= tries:
        return 1.0
    low, high = errors / tries, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(errors, tries, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(errors: int, tries: int, rate: float) -> float:
    """Binomial: the probability of `errors` or fewer."""
    return sum(math.comb(tries, k) * rate**k * (1 - rate) ** (tries - k) for k in range(errors + 1))


def reasons(judgements: Sequence[Judgement]) -> dict[str, int]:
    """How often each reason was given; "passed" is one."""
    found: dict[str, int] = {}
    for each in judgements:
        found[each.reason or "passed"] = found.get(each.reason or "passed", 0) + 1
    return found


def _signal(name: str, value: float, limits: dict[str, policy.Limit]) -> Signal:
    limit = limits.get(name)
    if limit is None:
        return Signal(name, value, None, None, None)
    return Signal(name, value, limit.least, limit.most, limit.holds(value))
