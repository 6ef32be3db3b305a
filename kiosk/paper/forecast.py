"""When something will have run out, from this terminal's own counters: a moment, and an interval around it that holds
in four cases of five.

Model. What is used in an open hour varies more than chance alone (busy days, two-page certificates): the count over t
hours has mean λt and variance φλt, with λ and the dispersion φ estimated from whole past days. λ itself is only known
as well as the H hours that were watched tell, which adds t²φλ/H to the variance of a prediction. With L left, the end
of the interval on either side is where L is z standard deviations from the mean m = λt:

    (L - m)² = z² (φm + φm²/(λH)),

a quadratic in m. Its roots, divided by λ, are open hours; the opening hours turn them into moments.
(Quasi-Poisson prediction; see McCullagh and Nelder, Generalized Linear Models, section 9.2.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kiosk.paper.opening import OpeningHours

LEAST_DAYS: Final = 5
"""Fewer days say nothing about how days differ."""
Z_80_PERCENT: Final = 1.2816


@dataclass(frozen=True, slots=True)
class Day:
    """What was used on one whole day, and how long the hall was open."""

    used: int
    hours: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """It runs out at `expected`; in four cases of five between `earliest` and `latest`. None: not within a year."""

    earliest: datetime | None
    expected: datetime | None
    latest: datetime | None


def forecast(left: int, days: Sequence[Day], hours: OpeningHours, now: datetime) -> Forecast | None:
    """None while there are too few days to say, or nothing was ever used."""
    watched = [day for day in days if day.hours > 0]
    total_hours, total_used = sum(day.hours for day in watched), sum(day.used for day in watched)
    if len(watched) < LEAST_DAYS or not total_used:
        return None
    rate = total_used / total_hours
    spread = sum((day.used - rate * day.hours) ** 2 / (rate * day.hours) for day in watched)
    dispersion = max(1.0, spread / (len(watched) - 1))
    early, late = _ends(left, dispersion, total_used)

    def moment(used: float | None) -> datetime | None:
        return None if used is None else hours.after(now, used / rate)

    return Forecast(moment(early), moment(left), moment(late))


def _ends(left: int, dispersion: float, total_used: int) -> tuple[float, float | None]:
    """The interval in units of what is used. Without enough watched the late end is nowhere."""
    noise = Z_80_PERCENT**2 * dispersion
    square = 1 - noise / total_used
    middle = 2 * left + noise
    if square <= 0:
        return left**2 / middle, None
    root = math.sqrt(max(0.0, middle**2 - 4 * square * left**2))
    return (middle - root) / (2 * square), (middle + root) / (2 * square)
