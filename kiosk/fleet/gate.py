"""Whether a terminal is well on what it was just given: a new image, or a new profile.

The gate compares: what kept the terminal from serving before may still do so after it, and what is the hall's own
affair, an empty tray or a sign that staff hung out, never counts. A dead desk is never excused: it may have been dead
before only because it tested itself.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from kiosk.clock import Clock
from kiosk.health.board import DESK
from kiosk.health.findings import Level
from kiosk.health.published import Report
from kiosk.reasons import Reason

WITHIN_S: Final = 600.0
STEADY_S: Final = 60.0
_THE_HALLS: Final = frozenset(
    reason.value
    for reason in (
        Reason.PAPER_EMPTY,
        Reason.PAPER_JAM,
        Reason.PRINTER_DOOR_OPEN,
        Reason.CLOSED_FOR_MAINTENANCE,
        Reason.CLOSED_FOR_REPAIR,
        Reason.CLOSED_BY_OPERATOR,
    )
)


class Verdict(Enum):
    """OPEN: it is too early to tell."""

    OPEN = "open"
    WELL = "well"
    NOT_WELL = "not well"


class Gate:
    """One trial: well for `STEADY_S` in a row, or not within `WITHIN_S`. Once it was well it is over, whatever comes
    later. `worse`: what is amiss that was not before."""

    def __init__(self, before: Iterable[str], clock: Clock) -> None:
        self._before = frozenset(before) - {DESK}
        self._clock = clock
        self._since = clock.monotonic()
        self._well_since: float | None = None
        self._was_well = False
        self.worse: tuple[str, ...] = ()

    def look(self, amiss: Iterable[str]) -> Verdict:
        if self._was_well:
            return Verdict.WELL
        now = self._clock.monotonic()
        self.worse = tuple(sorted(set(amiss) - self._before))
        if self.worse:
            self._well_since = None
            return Verdict.NOT_WELL if now - self._since >= WITHIN_S else Verdict.OPEN
        if self._well_since is None:
            self._well_since = now
        self._was_well = now - self._well_since >= STEADY_S
        return Verdict.WELL if self._was_well else Verdict.OPEN


def amiss(health: Callable[[], Report | None]) -> tuple[str, ...]:
    """What keeps the terminal from serving and could be the fault of what it was given."""
    report = health()
    if report is None:
        return (DESK,)
    red = (finding for finding in report.findings if finding.level is Level.FAIL)
    return tuple(sorted({finding.part for finding in red if finding.code not in _THE_HALLS}))
