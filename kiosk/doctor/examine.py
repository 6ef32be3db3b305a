"""Asks every part; they are asked at the same time where they take long.

While the desk runs, card reader and printers are its own: what it says of them is taken, and they are not opened again.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from kiosk import meeting
from kiosk.doctor import audit, certificates, devices, machine, paper, perception
from kiosk.health.findings import Finding, warn
from kiosk.health.published import Report, read
from kiosk.profile import Face, Portrait, Profile
from models.placement import Mount


async def examine(profile: Profile | None, assets: Path) -> list[Finding]:
    """Without a profile, only what needs none. `assets`: the folder with the models."""
    here = [machine.swap(), machine.core_dumps()]
    models, portraits = await asyncio.gather(
        asyncio.to_thread(
            perception.examine, assets / "models", Face(mode="demo") if profile is None else profile.face
        ),
        asyncio.to_thread(devices.portrait_decoder, Portrait() if profile is None else profile.portrait),
    )
    if profile is None:
        return [*portraits, *models, *here]
    own = [
        *portraits,
        *models,
        perception.camera(Mount(profile.camera.height_m, profile.camera.tilt_deg, profile.camera.view_deg)),
        *certificates.examine(profile, datetime.now(UTC)),
        paper.ledger(profile.ledger),
        *await asyncio.to_thread(audit.examine, profile.audit, profile.audit_key),
        machine.run_directory(profile.run),
        *here,
    ]
    try:
        report = read(meeting.health_in(profile.run))
    except OSError as error:
        return [warn("desk", f"may not be asked: {error.strerror}", "run this as root"), *await _devices(profile), *own]
    return [*(await _devices(profile) if report is None else _said_by(report, own)), *own]


def _said_by(report: Report, own: list[Finding]) -> list[Finding]:
    """By a desk that runs, about all that was not looked at here."""
    parts = {finding.part for finding in own}
    return [finding for finding in report.findings if finding.part not in parts]


async def _devices(profile: Profile) -> list[Finding]:
    """No desk runs: they can be opened."""
    reader, printer, queue, supplies, tickets = await asyncio.gather(
        devices.reader(profile.reader),
        devices.printer(profile.printer),
        devices.print_queue(profile.printer),
        paper.supplies(profile.printer),
        paper.tickets(profile.tickets),
    )
    return [*reader, printer, queue, *supplies, *tickets]
