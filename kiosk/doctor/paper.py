"""Is every page accounted for, and does something run low?"""

from pathlib import Path

from hardware.printers.ipp_device import IppDevice
from hardware.printers.port import PrinterError
from kiosk import profile as settings
from kiosk.bootstrap import ticket_printer
from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.paper.ledger import State, damaged, issues_in
from kiosk.profile import ProfileError


def ledger(directory: Path) -> Finding:
    """What the ledger says of prints that nobody can speak for."""
    part = "paper ledger"
    if not directory.exists():
        return ok(part, "nothing was printed yet")
    try:
        issues = issues_in(directory)
    except OSError as error:
        return fail(part, f"{directory}: {error.strerror}", "the terminal prints nothing that it cannot write down")
    if names := damaged(directory):
        return fail(part, f"{', '.join(names)} was set aside", "somebody changed it: keep the file and find out why")
    uncertain = sum(issue.state is State.UNCERTAIN for issue in issues)
    if uncertain:
        return warn(part, f"of {len(issues)} prints, {uncertain} may be out", "see `kiosk paper`; look into the tray")
    return ok(part, f"{len(issues)} prints, every page accounted for")


async def tickets(configured: settings.Tickets | None) -> list[Finding]:
    """The printer of receipts, if there is one, and what they are drawn with."""
    part = "ticket printer"
    if configured is None:
        return []
    if not configured.font.is_file():
        return [fail(part, f"{configured.font} is missing", "correct `font` in [tickets] of the profile")]
    try:
        printer = ticket_printer(configured)
    except ProfileError as error:
        return [fail(part, str(error), "correct [tickets] in the profile")]
    try:
        condition = await printer.condition()
    finally:
        await printer.close()
    if condition.trouble is not None:
        return [warn(part, condition.trouble.value, "certificates are printed without receipts until it is mended")]
    return [warn(part, "the roll is near its end", "bring a new one") if condition.paper_is_low else ok(part, "ready")]


async def supplies(configured: settings.Printer) -> list[Finding]:
    """What the printer says of its paper and toner; a printer that is silent has a finding of its own."""
    device = IppDevice(configured.uri)
    try:
        found = await device.supplies()
    except PrinterError:
        return []
    finally:
        await device.close()
    low = [supply for supply in found.supplies if supply.is_low]
    if not low:
        return [ok("supplies", "nothing runs low")]
    return [
        warn("supplies", f"{supply.kind.value} {supply.name} runs low", "bring some; `kiosk paper` says until when")
        for supply in low
    ]
