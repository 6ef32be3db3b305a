"""A desk for journey tests, and a journey told as a list of (expected page, what happens then).

What is cheap is real: the card reader and its emulator on a pseudo-terminal, the sandbox platform over TLS, the
judgement of the document process, the gate. The screen is a list, the clock turns by hand, the printer keeps its pages
in memory.
"""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from hardware.cards.emulator import SamEmulator
from hardware.cards.reading import Portrait
from hardware.cards.synthetic import SyntheticCard
from hardware.printers.port import JobReport, JobTicket, Outcome, PrinterError, Submission, Trouble, Unconfirmed
from hardware.printers.supplies import Supplies, Supply, SupplyKind, Unit
from kiosk.desk import Desk
from kiosk.documents.gate import PrintableDocument
from kiosk.messages import Guidance, Matched
from kiosk.pages import Action, Kind, Notice, Page, Prompt
from kiosk.paper.ledger import Ledger
from kiosk.paper.stock import StockHistory
from kiosk.reasons import Reason, Refused
from kiosk.session import BRIEF_S
from kiosk.vision.witness import LiveMatch
from platform_client.client import CallRecord
from platform_client.sandbox.faults import Faults

PATIENCE_S = 20.0


class HandClock:
    """Time stands still until `pass_by`. Real waiting (sockets, serial lines) goes on meanwhile."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._began = datetime.now(UTC)

    def monotonic(self) -> float:
        return self._now

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self._now - 1000.0)

    async def sleep(self, seconds: float) -> None:
        if seconds <= BRIEF_S:
            return  # no work is brief on this stage: every page that may be left out is shown
        alarm = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), alarm))
        await alarm

    async def pass_by(self, seconds: float) -> None:
        """Lets `seconds` pass, alarm by alarm, with time in between for what each alarm causes."""
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, alarm = heapq.heappop(self._sleepers)
            if not alarm.done():
                alarm.set_result(None)
            for _ in range(20):
                await asyncio.sleep(0)
        self._now = end


class PageList:
    """A screen that remembers which pages were shown, in order; an update of the same page is not a new one."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.countdown: int | None = None
        self._changed = asyncio.Condition()
        self._actions: asyncio.Queue[Action] = asyncio.Queue()

    def show(self, page: Page, countdown_s: int | None = None) -> None:
        self.countdown = countdown_s
        if self.pages and type(self.pages[-1]) is type(page):
            self.pages[-1] = page
        else:
            while not self._actions.empty():
                self._actions.get_nowait()
            self.pages.append(page)
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self._tell()))

    async def action(self) -> Action:
        return await self._actions.get()

    def reset(self) -> None:
        return None

    def tap(self, action: Action) -> None:
        self._actions.put_nowait(action)

    async def seen(self, wanted: Callable[[list[Page]], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: wanted(self.pages))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class FaceBooth:
    """The vision process's side of the story: prompts, then what it is told to conclude."""

    def __init__(self) -> None:
        self.verdict: Reason | None = None
        self.asked = 0
        self.seen: list[str] = []
        self.near: asyncio.Queue[bool] = asyncio.Queue()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def onlookers(self) -> AsyncGenerator[bool, None]:
        while True:
            yield await self.near.get()

    async def prove(self, portrait: Portrait) -> AsyncGenerator[Guidance | LiveMatch, None]:
        """As on a machine without the reader maker's library: WLT cannot be decoded."""
        self.asked += 1
        self.seen.append(portrait.encoding)
        if portrait.encoding == "wlt":
            raise Refused(Reason.PORTRAIT_UNREADABLE, "no decoder for WLT portraits")
        yield Guidance(1, Prompt.TURN_LEFT, None, 0.5)
        await self.go_on.wait()
        if self.verdict is not None:
            raise Refused(self.verdict)
        yield LiveMatch.from_vision(
            Matched(1, "dlib-face-resnet-v1", "ab" * 32, 0.31, 0.55, {"yaw_deg": 22.0, "planarity": 0.09}, 12)
        )


@dataclass
class MemoryPrinter:
    """A printer that behaves like hardware.printers.port.Printer says, with its paper in a list."""

    printed: list[bytes] = field(default_factory=list)
    trouble: Trouble | None = None
    trouble_during: Trouble | None = None
    pages_out: int = 0
    hangs: bool = False
    comes_out_when_cancelled: bool = False
    sheets: int = 250
    loses_its_queue: bool = False
    gives_up_over_jam: bool = False
    names: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    left_behind: JobReport = field(default_factory=lambda: JobReport(0, None, Outcome.UNCERTAIN))

    def __post_init__(self) -> None:
        self.asked = asyncio.Event()
        self.line_free = asyncio.Event()
        self.line_free.set()
        self._changed = asyncio.Event()
        self._pdf: bytes | None = None
        self._over: Outcome | None = None

    async def condition(self) -> Trouble | None:
        return self.trouble

    @property
    def holds_a_document(self) -> bool:
        return self._pdf is not None and self._over is None

    async def submit(self, pdf: bytes, pages: int, name: str, ticket: JobTicket) -> Submission:
        """A document on its way arrives, whether somebody still waits for that or not."""
        self.names.append(name)
        if self.loses_its_queue:
            await self.line_free.wait()
            raise Unconfirmed(Trouble.OFFLINE, "the print queue cannot be reached")
        await asyncio.shield(asyncio.ensure_future(self._take(pdf)))
        self.trouble = self.trouble or self.trouble_during
        return Submission(1, name, pages * ticket.copies)

    async def supplies(self) -> Supplies:
        tray = Supply(SupplyKind.PAPER, "main", Unit.SHEETS, self.sheets, 250, is_low=self.sheets < 25)
        return Supplies((tray,), ())

    async def settle(self, name: str, pages: int) -> JobReport:
        """What became of a job of a desk before this one."""
        if self.trouble is Trouble.OFFLINE:
            raise PrinterError(Trouble.OFFLINE, "no answer")
        self.settled.append(name)
        return self.left_behind

    async def _take(self, pdf: bytes) -> None:
        await self.line_free.wait()
        self._pdf, self._over = pdf, None

    async def follow(self, submission: Submission) -> AsyncIterator[JobReport]:
        while self._over is None:
            if self.trouble is None and self._pdf is not None and not self.hangs and not self.gives_up_over_jam:
                self.printed.append(self._pdf)
                self._over = Outcome.PRINTED
                break
            if self.gives_up_over_jam:
                self.gives_up_over_jam = False
                self.trouble, self._over = Trouble.JAM, Outcome.ABORTED
                yield JobReport(0, self.trouble, self._over)
                return
            self._changed.clear()
            self.asked.set()
            yield JobReport(self.pages_out, self.trouble, None)
            await self._changed.wait()
        yield JobReport(submission.pages if self._over is Outcome.PRINTED else self.pages_out, None, self._over)

    async def cancel(self, submission: Submission) -> None:
        if self.comes_out_when_cancelled and self._pdf is not None:
            self.printed.append(self._pdf)
            self._over = Outcome.PRINTED
        self._over = self._over or Outcome.CANCELLED
        self._pdf = None

    async def close(self) -> None:
        return None

    def beat(self) -> None:
        """The report that comes at least once a second."""
        self._changed.set()

    def repair(self) -> None:
        self.trouble = None
        self._changed.set()


@dataclass
class MemorySlips:
    """A ticket printer whose slips are the digests of the papers they are about. `works` is what it says of itself."""

    works: bool = True
    jams: bool = False
    printed: list[str] = field(default_factory=list)

    async def are_offered(self) -> bool:
        return self.works

    async def notices(self) -> tuple[Notice, ...]:
        return () if self.works else (Notice.NO_RECEIPTS,)

    async def print(self, paper: PrintableDocument, kind: Kind) -> bool:
        if not self.jams:
            self.printed.append(paper.sha256)
        return not self.jams


@asynccontextmanager
async def performing(attract: Awaitable[None]) -> AsyncIterator[None]:
    """The terminal runs, until the test is over; a fault in it fails the test."""
    work = asyncio.ensure_future(attract)
    try:
        yield
        if work.done() and not work.cancelled():
            work.result()
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@dataclass
class Stage:
    """The desk and everything a test may do to it."""

    desk: Desk
    screen: PageList
    clock: HandClock
    reader: SamEmulator
    booth: FaceBooth
    printer: MemoryPrinter
    faults: Faults
    calls: list[CallRecord]
    card: SyntheticCard
    cards: tuple[SyntheticCard, ...]
    audit: Path
    ledger: Ledger
    slips: MemorySlips
    stock: StockHistory

    @property
    def identified_calls(self) -> list[CallRecord]:
        """Calls that tell the platform who is there."""
        return [call for call in self.calls if call.operation in ("kinds-for", "issue", "rate")]
