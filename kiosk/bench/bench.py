"""What the parts of the bench have in common: where they write what they find, and a terminal to measure on.

A part is a coroutine that takes a `Bench` and adds rows and targets to its findings (kiosk/bench/parts). It needs no
other part: what comes before its step in the journey (a card read, a face found) it has done once, unmeasured.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hardware.cards.reading import CardReading, Portrait
from hardware.printers.loopback_server import ServerError
from kiosk.bench.face import followed
from kiosk.bench.findings import Findings
from kiosk.bench.plan import Plan
from kiosk.bench.timing import NotMeasured
from kiosk.bootstrap import opened
from kiosk.clock import SystemClock
from kiosk.demo.display import NoDisplay, virtual_display
from kiosk.demo.eyes import NeverSeen
from kiosk.demo.machine import SOURCE_S, Machine, Settings, equipped
from kiosk.desk import Desk
from kiosk.evidence import IssueRequest
from kiosk.maintenance.examiner import ExaminerProcess
from kiosk.processes import StartFailed
from kiosk.profile import Profile, load
from kiosk.reasons import Refused

_FAILURES: Final = (NotMeasured, NeverSeen, NoDisplay, Refused, ServerError, StartFailed, OSError)
WITHIN_S: Final = 400.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: what set-up made, and where logs, audit and paper of the run are left."""

    assets: Path
    pki: Path
    out: Path


@dataclass(frozen=True, slots=True)
class Terminal:
    """A desk of the terminal's own composition root, and what stands around it; no worker runs yet."""

    machine: Machine
    desk: Desk
    profile: Profile

    async def card(self) -> tuple[CardReading, Portrait]:
        """Lays the first synthetic citizen's card down, if it is not there, and reads it."""
        if not self.desk.reader.present:
            self.machine.lay_card()
        await self.desk.reader.wait_present()
        reading = await self.desk.reader.read()
        if reading.portrait is None:
            raise NotMeasured("the card has no portrait")
        return reading, reading.portrait

    async def request(self) -> IssueRequest:
        """A card is read, a face found, and the first certificate offered is asked for."""
        reading, portrait = await self.card()
        async with AsyncExitStack() as vision:
            await self.machine.start_worker(vision, "vision")
            match = await followed(self.desk.presence.prove(portrait), self.machine)
        offers = await self.desk.platform.kinds_for(reading, match)
        return IssueRequest.new(offers[0], reading, match, SystemClock())


@dataclass(frozen=True, slots=True)
class Bench:
    """One run."""

    place: Place
    plan: Plan
    findings: Findings = field(default_factory=Findings)

    def say(self, what: str) -> None:
        """Tells whoever waits what is measured now."""
        print(f"bench: {what}", file=sys.stderr, flush=True)

    @asynccontextmanager
    async def noting(self, what: str) -> AsyncIterator[None]:
        """What fails in here, or takes for ever, is missing in the findings; the rest goes on."""
        try:
            async with asyncio.timeout(WITHIN_S):
                yield
        except TimeoutError:
            self.findings.missing[what] = f"not done within {WITHIN_S:.0f} s"
        except _FAILURES as error:
            self.findings.missing[what] = f"{type(error).__name__}: {error}"

    @asynccontextmanager
    async def terminal(self) -> AsyncIterator[Terminal]:
        """A desk with reader, platform and printer; the platform's sources answer at once."""
        async with (
            virtual_display() as display,
            equipped(self.settings("steps", display, source_s=0.0)) as machine,
        ):
            profile = load(machine.profile)
            async with opened(profile, SystemClock(), ExaminerProcess(machine.profile, self.place.assets)) as desk:
                yield Terminal(machine, desk, profile)

    def settings(self, folder: str, display: str, source_s: float = SOURCE_S) -> Settings:
        """Those of a machine that leaves its logs, audit and paper in this folder."""
        return Settings(self.place.assets, self.place.pki, self.place.out / folder, display, source_s=source_s)
