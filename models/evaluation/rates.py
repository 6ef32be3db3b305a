"""False match rate and false non-match rate at a threshold (terms of ISO/IEC 19795-1), and how sure they are.

The interval. Comparisons of one person are not independent of each other, so counting them as if they were (Wilson
1927) makes the interval too narrow. The bootstrap over persons (Bolle, Ratha, Pankanti 2004, "Error analysis of pattern
recognition systems: the subsets bootstrap") draws people, with replacement, and takes all their comparisons with them;
but where no error happened it sees none in any draw. So both are computed, at 95 %, and the wider end counts. The
threshold is held fixed: its own choice on the same pictures makes the rates look better still.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.evaluation.comparisons import Comparisons, Distances

METHOD: Final = (
    "95 % intervals: the wider of Wilson's over comparisons and a bootstrap over persons, threshold held fixed"
)
_Z: Final = 1.959963984540054
DRAWS: Final = 1000
_SEED: Final = 19795
"""The same set gives the same report."""


@dataclass(frozen=True, slots=True)
class Share:
    """`errors` of `pairs`, and the interval. Without any pair there is no rate."""

    errors: int
    pairs: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        return self.errors / self.pairs


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold gives. `chosen`: how it was. A rate over no comparison at all is None."""

    chosen: str
    threshold: float
    fmr: Share | None
    fnmr: Share | None


def point(chosen: str, threshold: float, found: Comparisons, *, group: str | None = None) -> Point:
    """Both rates at a threshold; with `group`, only people of it among themselves."""
    persons = len(found.groups)
    inside = np.array([group is None or each == group for each in found.groups])
    genuine = inside[found.genuine_persons]
    impostor = inside[found.impostor_persons].all(axis=1)
    return Point(
        chosen,
        threshold,
        _fmr(found.impostor[impostor] <= threshold, found.impostor_persons[impostor], persons),
        _fnmr(found.genuine[genuine] > threshold, found.genuine_persons[genuine], persons),
    )


def threshold_at_fmr(most: float, impostor: Distances) -> float | None:
    """The largest threshold whose FMR is at most this; None when there are too few comparisons to show it.

    Too few: with fewer than 3 / `most`, none wrong would still not show it (the rule of three).
    """
    if len(impostor) < 3 / most:
        return None
    ranked = np.sort(impostor)
    return float(np.nextafter(ranked[int(most * len(ranked))], -np.inf))


def threshold_at_fnmr(most: float, genuine: Distances) -> float:
    """The smallest threshold whose FNMR is at most this."""
    ranked = np.sort(genuine)
    return float(ranked[max(0, int(np.ceil((1 - most) * len(ranked) - 1e-9)) - 1)])


def det(found: Comparisons, steps: int = 200) -> list[tuple[float, float, float]]:
    """Threshold, FMR and FNMR along the detection error trade-off, at up to so many thresholds that occur."""
    genuine, impostor = np.sort(found.genuine), np.sort(found.impostor)
    thresholds = np.unique(np.quantile(np.concatenate([genuine, impostor]), np.linspace(0, 1, steps)))
    fmr = np.searchsorted(impostor, thresholds, side="right") / len(impostor)
    fnmr = 1 - np.searchsorted(genuine, thresholds, side="right") / len(genuine)
    return [(float(t), float(m), float(n)) for t, m, n in zip(thresholds, fmr, fnmr, strict=True)]


def wilson(errors: int, pairs: int) -> tuple[float, float]:
    """Wilson's score interval at 95 %."""
    rate, spread = errors / pairs, _Z**2 / pairs
    middle = (rate + spread / 2) / (1 + spread)
    half = _Z * np.sqrt(rate * (1 - rate) / pairs + spread / pairs / 4) / (1 + spread)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _fmr(wrong: NDArray[np.bool_], persons: NDArray[np.intp], count: int) -> Share | None:
    if not len(wrong):
        return None
    pairs, errors = np.zeros((count, count)), np.zeros((count, count))
    np.add.at(pairs, (persons[:, 0], persons[:, 1]), 1)
    np.add.at(errors, (persons[:, 0], persons[:, 1]), wrong)
    draws = _draws(count)
    # A pair of people is in a draw as often as the one times as often as the other.
    return _share(wrong, _drawn(draws @ errors, draws), _drawn(draws @ pairs, draws))


def _fnmr(wrong: NDArray[np.bool_], persons: NDArray[np.intp], count: int) -> Share | None:
    if not len(wrong):
        return None
    draws = _draws(count)
    return _share(
        wrong, draws @ np.bincount(persons, wrong, count), draws @ np.bincount(persons, minlength=count).astype(float)
    )


def _share(wrong: NDArray[np.bool_], errors: Distances, pairs: Distances) -> Share:
    total, all_ = int(wrong.sum()), len(wrong)
    low, high = wilson(total, all_)
    drawn = errors[pairs > 0] / pairs[pairs > 0]
    if len(drawn):
        least, most = np.quantile(drawn, [0.025, 0.975])
        low, high = min(low, float(least)), max(high, float(most))
    return Share(total, all_, low, high)


def _drawn(sums: Distances, draws: Distances) -> Distances:
    return np.asarray((sums * draws).sum(axis=1))


def _draws(persons: int) -> Distances:
    """How often each person is in each draw."""
    random = np.random.default_rng(_SEED)
    return random.multinomial(persons, np.full(persons, 1 / persons), DRAWS).astype(np.float64)


def spread(distances: Sequence[float] | Distances) -> dict[str, float | int]:
    """Number, mean, standard deviation, least and largest."""
    values = np.asarray(distances)
    return {
        "pairs": len(values),
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
