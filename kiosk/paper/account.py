"""The account of paper, for whoever looks after the terminal: read only, beside a running desk or without one."""

from typing import Any, Final

from hardware.printers.ipp_device import IppDevice
from kiosk.china_time import CHINA
from kiosk.clock import SystemClock
from kiosk.paper.ledger import UNSETTLED, Issue, State, damaged, issues_in, pages_by_day
from kiosk.paper.stock import STOCK, Source, paper_runs_out, readings_in
from kiosk.profile import Profile, opening_hours

_TO_LOOK_AT: Final = UNSETTLED - {State.JAMMED} | {State.UNCERTAIN}


async def account(profile: Profile) -> dict[str, Any]:
    """As JSON has it. Raises ProfileError, PrinterError when the printer does not answer, and OSError."""
    hours = opening_hours(profile.opening)
    issues = issues_in(profile.ledger)
    device = IppDevice(profile.printer.uri)
    try:
        supplies = await device.supplies()
    finally:
        await device.close()
    # The desk has the ticket printer's line to itself: what it heard last stands in its history.
    roll = {reading.source: reading for reading in readings_in(profile.ledger / STOCK)}.get(Source.TICKETS)
    sheets = supplies.sheets_left
    out = pages_by_day(issues)
    found = None if sheets is None else paper_runs_out(sheets, out, hours, SystemClock().now())
    return {
        "pages_out": {day.isoformat(): pages for day, pages in sorted(out.items())},
        "look_at": [_shown(issue) for issue in issues if issue.state in _TO_LOOK_AT],
        "damaged": damaged(profile.ledger),
        "supplies": [
            {
                "kind": each.kind.value,
                "name": each.name,
                "left": each.left,
                "capacity": each.capacity,
                "unit": each.unit.value,
                "is_low": each.is_low,
            }
            for each in (*supplies.supplies, *(() if roll is None else roll.supplies.supplies))
        ],
        "paper_runs_out": None
        if found is None
        else {
            name: moment.astimezone(CHINA).isoformat(timespec="minutes") if moment else "in more than a year"
            for name, moment in (
                ("earliest", found.earliest),
                ("expected", found.expected),
                ("latest", found.latest),
            )
        },
    }


def _shown(issue: Issue) -> dict[str, object]:
    return {
        "state": issue.state.value,
        "kind": issue.kind,
        "digest": issue.digest,
        "out": issue.pages_out,
        "pages": issue.pages,
        "at": issue.at.astimezone(CHINA).isoformat(timespec="seconds"),
    }
