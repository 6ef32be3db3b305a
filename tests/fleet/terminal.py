"""The agent's part of a terminal, on a machine that can restart, at the door of a desk that is the test's."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hawkbit import TERMINAL, Hawkbit
from publishing import WELL, report

from kiosk.audit import witness
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.fleet.commands import Commands
from kiosk.fleet.ddi import COMMAND_PART, Server
from kiosk.fleet.machine import Machine
from kiosk.fleet.operator import Operator
from kiosk.fleet.profiles import Profiles
from kiosk.fleet.rauc import Rauc
from kiosk.fleet.rounds import Rounds
from kiosk.fleet.trail import Trail
from kiosk.fleet.updates import Updates
from kiosk.fleet.wish import Wish
from kiosk.health.findings import Level
from kiosk.health.published import Report
from kiosk.loudness import Loudness
from kiosk.profile import Profile
from kiosk.profile import Updates as Settings


@dataclass
class HandClock:
    """Time as the test says."""

    seconds: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class OpenDoor:
    """A desk that stands aside at once, and has no menu."""

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        yield

    async def run(self, entry: str, choice: str, by: str, order: bytes) -> tuple[Level, tuple[str, ...]]:
        raise AssertionError(f"{by} asked for {entry}")


@dataclass
class Terminal:
    """`bus`: where its RAUC is, if there is one. `installed`: the profile that pins the operator."""

    hawkbit: Hawkbit
    settings: Settings
    kept: Path
    wish: Path
    bus: str = "unix:path=/nobody"
    installed: Profile | None = None
    pinned: Operator | None = None
    groups: tuple[str, ...] = ()
    door: Any = field(default_factory=OpenDoor)
    health: Report | None = field(default_factory=lambda: report(WELL))
    clock: HandClock = field(default_factory=HandClock)
    boots: int = 1

    def boot(self) -> str:
        return f"boot {self.boots}"

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Rounds]:
        """From its start to its end; what it begun lies in `kept`."""
        audit = AuditLog(
            self.kept / "audit", self.clock, terminal=TERMINAL, software="0.1.0", writer="agent", channel="fleet"
        )
        async with AsyncExitStack() as stack:
            stack.callback(audit.close)
            trail, clock = Trail(audit, self.kept.parent / witness.FILE), self.clock
            server = await stack.enter_async_context(Server(self.settings, TERMINAL))
            rauc = await stack.enter_async_context(Rauc(self.bus))
            machine = await stack.enter_async_context(
                Machine(self.wish, lambda: self.health, self.door, clock, self.boot)
            )
            loudness = Loudness(SystemClock())
            stack.callback(loudness.close)
            updates = Updates(server, rauc, machine, lambda: self.health, clock, trail, kept=self.kept)
            commands = Commands(
                *(server, self.pinned, self.door, machine, lambda: self.health, updates, clock, trail),
                terminal=TERMINAL,
                groups=self.groups,
                kept=self.kept,
                collected=self.kept / "diagnostics.cms",
                loudness=loudness,
            )
            stack.callback(commands.leave)
            profiles: Any = None
            if self.installed is not None:
                profiles = Profiles(
                    *(server, self.pinned, self.installed, 0, machine, lambda: self.health, clock, trail),
                    Wish(self.newest),
                    kept=self.kept,
                )
            else:
                profiles = _NoProfiles()
            nothing = Wish(self.kept / "nobody wishes")
            yield Rounds(server, commands, profiles, updates, clock, {"software": "0.1.0"}, nothing)

    async def steps(self, seconds: float) -> None:
        """One life of the agent, as long as this."""
        end = self.clock.seconds + seconds
        async with self.agent() as rounds:
            while self.clock.seconds < end:
                await self.clock.sleep(await rounds.step())

    async def until(self, holds: Callable[[], bool], steps: int = 300) -> None:
        async with self.agent() as rounds:
            for _ in range(steps):
                if holds():
                    return
                await self.clock.sleep(await rounds.step())
        raise AssertionError(f"it did not come to that: {self.hawkbit.feedback}")

    async def until_restart(self) -> None:
        await self.until(self.wish.exists)

    def restart(self) -> None:
        """The machine's, where no slot matters."""
        self.wish.unlink(missing_ok=True)
        self.boots += 1

    @property
    def newest(self) -> Path:
        """Which staff touch."""
        return self.kept / "profile-newest"

    @property
    def audited(self) -> list[tuple[str, dict[str, object]]]:
        """Events of the agent's own log, without its beginnings."""
        files = sorted((self.kept / "audit").glob("audit-*"))
        found = [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
        return [(each["event"], each["fields"]) for each in found if each["event"] != "agent.started"]


class _NoProfiles:
    def hear_staff(self) -> None:
        pass

    async def is_on_trial(self) -> bool:
        return False

    async def go_on(self) -> bool:
        return False

    async def cancel(self, action: str) -> bool:
        return False


async def given(terminal: Terminal, jws: bytes, action: str = "8") -> list[tuple[str, str, str, str]]:
    """Everything the server hears of it, once it is closed."""
    terminal.hawkbit.feedback.clear()
    terminal.hawkbit.offer_signed(action, COMMAND_PART, jws)
    await terminal.until(lambda: bool(terminal.hawkbit.closed))
    return terminal.hawkbit.feedback
