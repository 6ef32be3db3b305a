"""The sandbox as a process: builds the systems of the platform, puts them behind the door and runs until stopped."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from systemd import daemon

from platform_client.sandbox.door import Door, listening
from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.material import Material
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.sharing import Sharing
from platform_client.sandbox.sources import NAMES, Source
from platform_client.sandbox.switch import Command, SetFault, listen
from platform_client.sandbox.typeface import Typecase, Typeface


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sandbox needs. `port` 0: any free one. `cache` keeps the cut fonts. `switch`: unix socket for faults."""

    pki: Path
    typeface: Typeface
    cache: Path
    terminals: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 0
    switch: Path | None = None
    fault: Fault | None = None


class Sandbox:
    """A running platform. `clock` returns the time, timezone-aware."""

    def __init__(
        self, pki: SandboxPki, typecase: Typecase, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.faults = Faults()
        self.sources = {name: Source(name) for name in NAMES}
        self._pki = pki
        material = Material(pki, typecase, tuple(self.sources.values()), clock)
        sharing = Sharing(pki, material, Ledger(), self.faults, clock)
        door = Door(self.faults, clock)
        sharing.stand_behind(door)  # a further system of the platform stands here
        self._runner = web.AppRunner(door.application, access_log=None, shutdown_timeout=0.2)
        self._switch: asyncio.Server | None = None

    async def start(self, host: str, port: int, switch: Path | None = None) -> int:
        """Listen; returns the bound port. Raises OSError when the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=listening(self._pki))
        await site.start()
        if switch is not None:
            self._switch = await listen(switch, self.obey)
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        if self._switch is not None:
            self._switch.close()
        await self._runner.cleanup()

    def obey(self, command: Command) -> None:
        """Flip a switch. Raises KeyError for a source that does not exist."""
        if isinstance(command, SetFault):
            self.faults.active, self.faults.seconds = command.fault, command.seconds
        else:
            source = self.sources[command.name]
            source.latency_s, source.down = command.latency_s, command.down


def main(settings: Settings, announce: Callable[[int], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT. The bound port goes to `announce`, else to stdout as `{"port": N}`."""
    asyncio.run(_serve(settings, announce or _say_port))


async def _serve(settings: Settings, announce: Callable[[int], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pki = make(settings.pki, terminals=settings.terminals, now=datetime.now(UTC))
    sandbox = Sandbox(pki, await asyncio.to_thread(Typecase.open, settings.typeface, settings.cache))
    sandbox.faults.active = settings.fault
    announce(await sandbox.start(settings.host, settings.port, settings.switch))
    daemon.notify("READY=1")
    try:
        await stopped.wait()
    finally:
        await sandbox.stop()


def _say_port(port: int) -> None:
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()
