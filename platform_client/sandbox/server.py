"""The sandbox as a process: certificates, fonts, the platform, its control panel; runs until stopped."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from systemd import daemon

from platform_client.sandbox.accounts import Account
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.control import Control
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import make
from platform_client.sandbox.topology import Topology
from platform_client.sandbox.trace import Trace
from platform_client.sandbox.typeface import Typecase

__all__ = ["Sandbox", "Settings", "main"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sandbox needs. `port` 0: any free one. `cache` keeps the cut fonts. `accounts`: of a terminal, by its
    name. `control`: the file that will say where faults are switched.

    `diagrams`: each finished call is drawn on stderr. `portrait`: JPEG, JPEG 2000 or WebP, of everybody; who may ask
    for it, the accounts say. `orders`: a folder of signed orders; with it the platform enrols terminals, at
    `enrolment_port` (0: any free one).
    """

    pki: Path
    cache: Path
    terminals: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 0
    topology: Topology = Topology.EXTRANET
    accounts: Callable[[str], Account | None] = Account
    control: Path | None = None
    fault: Fault | None = None
    diagrams: bool = False
    portrait: Path | None = None
    orders: Path | None = None
    enrolment_port: int = 0


def main(settings: Settings, announce: Callable[[dict[str, int]], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT. The bound ports go to `announce`, else to stdout as `{"port": N}`, with
    `enrolment_port` where terminals are enrolled."""
    asyncio.run(_serve(settings, announce or _say_ports))


async def _serve(settings: Settings, announce: Callable[[dict[str, int]], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pki = make(settings.pki, terminals=settings.terminals, now=datetime.now(UTC))
    typecase = await asyncio.to_thread(Typecase.open, settings.cache)
    traced = _draw if settings.diagrams else _silent
    options = Options(settings.topology, settings.accounts, traced=traced, orders=settings.orders)
    if settings.portrait is not None:
        picture = settings.portrait.read_bytes()
        options = replace(options, pictures=lambda person: picture)
    sandbox = Sandbox(pki, typecase, options)
    sandbox.faults.active = settings.fault
    ports = {"port": await sandbox.start(settings.host, settings.port)}
    if settings.orders is not None:
        ports["enrolment_port"] = await sandbox.enrolling.start(settings.host, settings.enrolment_port)
    control = Control(sandbox.obey, sandbox.tracer, sandbox.enrolling.waiting)
    if settings.control is not None:
        await control.start(settings.control)
    announce(ports)
    daemon.notify("READY=1")
    try:
        await stopped.wait()
    finally:
        await control.stop()
        await sandbox.stop()


def _say_ports(ports: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()


def _draw(trace: Trace) -> None:
    sys.stderr.write(trace.diagram() + "\n")


def _silent(trace: Trace) -> None:
    return None
