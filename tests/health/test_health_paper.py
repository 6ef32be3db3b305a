"""Yellow a day before the paper may run out, from what was printed on the days before."""

from datetime import datetime, timedelta

from hardware.printers.supplies import Supplies, Supply, SupplyKind, Unit
from kiosk.china_time import CHINA
from kiosk.health.findings import Finding, Level
from kiosk.health.paper import paper_lasts
from kiosk.paper.ledger import Issue, State, pages_by_day
from kiosk.paper.opening import WEEK, OpeningHours
from kiosk.paper.stock import Reading, Source

HOURS = OpeningHours.of({day: ["09:00-17:00"] for day in WEEK})
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=CHINA)
"""Eight hours later the hall closes."""


def said(sheets: int | None, a_day: int = 40, days: int = 10) -> tuple[Finding, ...]:
    """Of a terminal that printed so much on each of the days before."""
    tray = Supply(SupplyKind.PAPER, "main", Unit.SHEETS, sheets, 500, is_low=False)
    issues = [
        Issue(str(number), "kind", "0" * 64, a_day, 1, State.OUT, a_day, NOW - timedelta(days=number))
        for number in range(1, days + 1)
    ]
    return paper_lasts(Reading(NOW, Source.PRINTER, Supplies((tray,), ())), pages_by_day(issues), HOURS, NOW)


def test_yellow_when_it_may_run_out_today_and_not_before() -> None:
    """F01: of 40 sheets a day, 300 are enough for more than a day, 41 are perhaps not."""
    (well,) = said(300)
    assert well.level is Level.OK
    (soon,) = said(41)
    assert (soon.level, soon.says) == (Level.WARN, "may run out from 2026-11-25 on")
    assert soon.remedy


def test_nothing_is_claimed_that_was_not_counted() -> None:
    assert said(None) == ()
    assert said(10, days=3) == ()
    assert paper_lasts(None, {}, HOURS, NOW) == ()
