"""Asks every part; they are asked at the same time where they take long."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from kiosk.doctor import audit, certificates, devices, machine, paper, perception
from kiosk.doctor.findings import Finding
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
    reader, printer, queue, supplies, tickets = await asyncio.gather(
        devices.reader(profile.reader),
        devices.printer(profile.printer),
        devices.print_queue(profile.printer),
        paper.supplies(profile.printer),
        paper.tickets(profile.tickets),
    )
    return [
        *reader,
        *portraits,
        *models,
        perception.camera(Mount(profile.camera.height_m, profile.camera.tilt_deg, profile.camera.view_deg)),
        *certificates.examine(profile, datetime.now(UTC)),
        printer,
        queue,
        *supplies,
        *tickets,
        paper.ledger(profile.ledger),
        *await asyncio.to_thread(audit.examine, profile.audit, profile.audit_key),
        machine.run_directory(profile.run),
        *here,
    ]
