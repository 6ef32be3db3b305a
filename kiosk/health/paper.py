"""Whether the paper lasts, by the terminal's own count: yellow before anybody has to run for it (F01)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from kiosk.china_time import CHINA
from kiosk.health.findings import Finding, ok, warn
from kiosk.paper.opening import OpeningHours
from kiosk.paper.stock import Reading, paper_runs_out

SOON_HOURS: Final = 8.0
"""Of opening: about a day of the hall."""


def paper_lasts(
    reading: Reading | None, pages_out: Mapping[date, int], hours: OpeningHours, now: datetime
) -> tuple[Finding, ...]:
    """`reading`: what the printer said last; `pages_out`: on each day. Nothing while the printer counts no sheets, or
    too few days were counted."""
    part = "paper forecast"
    sheets = None if reading is None else reading.supplies.sheets_left
    forecast = None if sheets is None else paper_runs_out(sheets, pages_out, hours, now)
    if forecast is None:
        return ()
    soon = hours.after(now, SOON_HOURS)
    if forecast.earliest is None or soon is None or forecast.earliest > soon:
        return (ok(part, "lasts for more than a day of opening"),)
    when = forecast.earliest.astimezone(CHINA)
    return (warn(part, f"may run out from {when:%Y-%m-%d} on", "bring some; `kiosk paper` says more"),)
