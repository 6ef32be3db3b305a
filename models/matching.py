"""One face or two? A distance against two thresholds; between them the honest answer is that we cannot tell."""

from enum import Enum

from models.manifest import Thresholds


class Verdict(Enum):
    """What a distance says."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


def judge(distance: float, thresholds: Thresholds) -> Verdict:
    """SAME up to `same_at_most`, DIFFERENT above `different_above`, else UNSURE; not a number is UNSURE."""
    if distance <= thresholds.same_at_most:
        return Verdict.SAME
    if distance > thresholds.different_above:
        return Verdict.DIFFERENT
    return Verdict.UNSURE
