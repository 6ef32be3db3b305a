"""A day of a terminal: visitors one after the other, faults on a seeded schedule, and hours that are hurried over.

Everything is as in the demo (card reader on a line, sandbox over TLS, document process, CUPS, printer), but for the
people: they sit at the sockets of screen and camera (person_in_front). The desk is the product's own on a clock that
can be hurried; platform and document process have the same time by libfaketime.

What a day must show, after each visitor and at its end: who was promised a page has exactly one, with their own number
on it; nobody else has any; the tray holds as many as the ledger says; the terminal is out of service while it cannot
serve, with the reason, and ready again once it can; and the desk at the end is as large as it was when two visitors
had been there, who bring in whatever is loaded only when it is first needed: a certificate, and a receipt.
"""

import asyncio
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from person_in_front import PATIENCE_S, Face, Screen, person, plainly
from pypdfium2 import PdfDocument
from stories import FAULTS, PEOPLE, PLAIN, Story

from kiosk import meeting, memory
from kiosk.audit.chain import verify
from kiosk.demo.machine import Machine, Settings, equipped
from kiosk.health.findings import Finding, Level, State
from kiosk.health.published import Report, read
from kiosk.pages import (
    ChooseCertificate,
    Done,
    HandOver,
    Home,
    Page,
    Pick,
    Preview,
    Print,
    Rate,
    Refusal,
    Stars,
)
from kiosk.paper.ledger import State as Paper
from kiosk.paper.ledger import issues_in
from kiosk.processes import Command, Supervised
from kiosk.reasons import Reason

PAGE_S: Final = 0.05
"""What the emulated printer takes for a page: its pace is its own affair."""
ODD: Final = (*PEOPLE, *FAULTS)
ODD_SHARE: Final = 3
"""One visitor in so many does or meets something odd."""
STEP_S: Final = 2.0
_NUMBER: Final = re.compile(rb"[0-9]{17}[0-9X]")
_NUMBER_ON_A_CARD: Final = re.compile(rb"(?:[0-9]\0){17}[0-9X]\0")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_LIBRARY: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
_HERE: Final = Path(__file__).parent
_OF_DOCUMENTS: Final = frozenset(
    {Reason.SEAL_INVALID, Reason.DOCUMENT_UNSAFE, Reason.WRONG_PERSON, Reason.WRONG_DOCUMENT, Reason.DOCUMENT_EXPIRED}
)
_MAY_BE_OUT: Final = frozenset({Reason.PRINT_UNCERTAIN, Reason.PRINT_ALREADY_OUT, Reason.INTERRUPTED_BUT_OUT})


FIRST: Final = (PLAIN, next(story for story in PEOPLE if story.name == "with a receipt"))
"""They come before everybody else."""
DRIFT_MOST: Final = 0.02
CONNECTIONS_MOST: Final = 6
"""One to the queue, one to the printer, and to the platform one for each call that is made at the same time: four in
all were the most in a day of a thousand visitors."""
_MOMENTS: Final = 10
"""What the size of the desk is taken from: the median of so many."""


@dataclass(frozen=True)
class Size:
    """Of the desk process while nobody is there. Its `connections` to platform, queue and printer come and go: they are
    kept for a while in case of the next call. Its other `files` do not."""

    rss_kib: int
    files: int
    connections: int


@dataclass
class Diary:
    """What came of the day. `sizes`: after each visitor. After the `FIRST`, the desk is `warm`."""

    stories: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    hiccups: int = 0
    """Visits in which the emulated reader answered too late on a busy machine, and was taken for lost."""
    pages: int = 0
    remembered: int = 0
    """How many visitors' numbers were in the memory of the desk at the end of the day, the last one's not counted."""
    hours: float = 0.0
    sizes: list[Size] = field(default_factory=list)

    @property
    def warm(self) -> list[Size]:
        return self.sizes[len(FIRST) :]

    @property
    def rss_kib(self) -> tuple[float, float]:
        """At the beginning and at the end."""
        first, last = self.warm[:_MOMENTS], self.warm[-_MOMENTS:]
        return median(size.rss_kib for size in first), median(size.rss_kib for size in last)

    @property
    def drift(self) -> float:
        """How much larger the desk was at the end; 0.01 is 1 %."""
        before, after = self.rss_kib
        return after / before - 1

    @property
    def files(self) -> tuple[int, int]:
        """The most open files in the first and in the second half; they must be as many."""
        half = len(self.warm) // 2
        return max(size.files for size in self.warm[:half]), max(size.files for size in self.warm[half:])

    @property
    def connections(self) -> int:
        """The most at once, in all of it."""
        return max(size.connections for size in self.warm)


class Day:
    """The hall. What a story does, it does to this."""

    def __init__(self, machine: Machine, screen: Screen, face: Face, desk: Supervised, hurry: Streams) -> None:
        self.machine = machine
        self.screen = screen
        self.face = face
        self.diary = Diary()
        self._desk = desk
        self._hurry = hurry
        self._numbers: list[str] = []
        self.killed = 0
        """How many document processes met a sudden end in this visit."""
        self._promised = 0

    async def hurry(self, seconds: float) -> datetime:
        """Over so much of the terminal's time. The time it is then. A process that is being replaced takes a second of
        the machine's time, which must not be hurried over: it would be away for minutes."""
        await asyncio.wait_for(self.machine.processes["documents"].ready.wait(), PATIENCE_S)
        reader, writer = self._hurry
        writer.write(f"{seconds}\n".encode())
        return datetime.fromisoformat((await reader.readline()).decode().strip())

    async def opens(self) -> None:
        """Waits for the first home page on which something can be had."""
        await self._ready_again()

    async def happens(self, story: Story, which: int) -> None:
        """The story, with the visitor of this number, and what must be so afterwards."""
        self.diary.stories[story.name] += 1
        with _telling(story, which):
            before, self.killed = self.machine.processes["documents"].starts, 0
            if story.before:
                await story.before(self)
            if story.nobody:
                await self._nobody_can_be_served(story.reasons)
            else:
                await self._visit(story, which)
                await self._documents_are_fresh(before)
            if story.after:
                await story.after(self)
            await self._ready_again()
            if not story.nobody:
                self._paper_is_right(story, which)
        self.diary.sizes.append(self._size())

    async def _nobody_can_be_served(self, reasons: frozenset[Reason]) -> None:
        """The home page says why, and so does the health model."""

        def troubled() -> bool:
            page, report = self.screen.page, self._report()
            codes = {finding.code for finding in report.findings}
            says_why = isinstance(page, Home) and page.trouble in reasons and page.trouble.value in codes
            return says_why and report.state is State.OUT_OF_SERVICE

        await self._time_goes_on(troubled)

    async def _visit(self, story: Story, which: int) -> None:
        """From the card on the reader to the home page without it."""
        self.diary.visits += 1
        self.screen.look_away()
        self._card_lies = True
        visitor = person(which, self.machine.citizens[0].portrait)
        self._numbers.append(visitor.number)
        self.machine.lay_card(story.card(visitor))
        page = await self.screen.until(lambda page: not isinstance(page, Home))
        while not isinstance(page, Home):
            if isinstance(page, Preview) and self.diary.visits == 1:
                assert visitor.number in self._numbers_in_memory(), "who is there would not be found"
            if (deed := story.on.get(type(page))) is not None:
                await deed(self)
            self._as_everybody(page)
            if type(page) in (HandOver, Refusal):
                page = await self._leaves(page)
            elif type(self.screen.page) is type(page):
                page = await self.screen.leaves(type(page))
            else:
                assert self.screen.page is not None
                page = self.screen.page
        self.machine.take_card()

    def _as_everybody(self, page: Page) -> None:
        match page:
            case ChooseCertificate():
                self.screen.tap(Pick(page.kinds[self.diary.visits % len(page.kinds)].code))
            case Preview():
                self.screen.tap(Print())
            case Rate():
                self.screen.tap(Stars(1 + self.diary.visits % 5))

    async def _leaves(self, page: Page) -> Page:
        """Takes the card, says that they have everything."""
        if isinstance(page, HandOver):
            self._promised += 1
        else:
            assert isinstance(page, Refusal)
            self.diary.reasons[page.reason.name] += 1
        self.machine.take_card()
        kind = type(page)
        await self.screen.until(lambda page: type(page) is not kind or not getattr(page, "card", False))
        if type(self.screen.page) is kind:
            self.screen.tap(Done())
        return await self.screen.leaves(kind)

    async def _ready_again(self) -> None:
        """Home, nothing troubles, and the health model says so."""
        await self._time_goes_on(self._is_ready)

    async def _documents_are_fresh(self, before: int) -> None:
        """Who has seen a document leaves a process that is replaced."""
        opened = {type(page) for page in self.screen.seen} & {Preview}
        refused = {page.reason for page in self.screen.seen if isinstance(page, Refusal)} & _OF_DOCUMENTS
        if opened or refused:
            await asyncio.wait_for(self.machine.processes["documents"].ready_again(before + self.killed), PATIENCE_S)

    async def _time_goes_on(self, until: Callable[[], bool]) -> None:
        """What a device needs to be noticed it needs by the machine's time, what the desk waits for by its own: a look
        every second of the one, ten of the other."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not until():
                    if isinstance(page := self.screen.page, Refusal):  # what became of a print, to whoever waits for it
                        await self._leaves(page)
                    await self.hurry(STEP_S)
                    await self.screen.changes_within(STEP_S / 10)
        except TimeoutError:
            raise AssertionError(f"{plainly(self.screen.page)}; {self._troubles()}") from None

    def _is_ready(self) -> bool:
        page = self.screen.page
        at_home = isinstance(page, Home) and page.trouble is None and bool(page.kinds) and not page.card_left
        return at_home and self._report().state is not State.OUT_OF_SERVICE

    def _paper_is_right(self, story: Story, which: int) -> None:
        """Of this visitor."""
        out = sorted(self.machine.printed.glob("*.pdf"))
        handed = sum(isinstance(page, HandOver) for page in self.screen.seen)
        refused = {page.reason for page in self.screen.seen if isinstance(page, Refusal)}
        assert len(out) <= 1, out
        assert refused <= story.reasons | {Reason.READER_LOST}, refused
        self.diary.hiccups += not refused <= story.reasons
        if story.prints is not None and refused <= story.reasons:
            assert handed == int(story.prints), (handed, refused)
        if not refused & _MAY_BE_OUT:
            assert len(out) == handed, (out, handed, refused)
        for path in out:
            text = _text(path)
            assert person(which, b"").number in text, "somebody else's paper"
            path.unlink()
        self.diary.pages += len(out)

    def adds_up(self) -> None:
        """At the end: ledger, audit log and tray say the same."""
        states = Counter(issue.state for issue in issues_in(self.machine.ledger))
        certain = states[Paper.OUT] + states[Paper.COLLECTED]
        unsure = states[Paper.UNCERTAIN]
        assert certain <= self.diary.pages <= certain + unsure, (states, self.diary.pages)
        assert self._promised <= certain
        assert not states[Paper.ISSUED] + states[Paper.SPOOLED] + states[Paper.PRINTING] + states[Paper.JAMMED], states
        verify(self.machine.audit)
        assert sum(self._report().sessions.values()) == self.diary.visits, self._report().sessions

    def remembered(self) -> int:
        """Of how many visitors the desk still holds the number, but for the last one's."""
        return len(self._numbers_in_memory() & set(self._numbers[:-1]))

    def _numbers_in_memory(self) -> set[str]:
        assert self._desk.pid is not None
        return _numbers_in(self._desk.pid)

    def _report(self) -> Report:
        report = read(meeting.health_in(self.machine.run))
        assert report is not None, "the desk is gone"
        return report

    def _troubles(self) -> list[Finding]:
        return [finding for finding in self._report().findings if finding.level is not Level.OK]

    def _size(self) -> Size:
        assert self._desk.starts == 1, "the desk died"
        status = Path(f"/proc/{self._desk.pid}/status").read_text()
        rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        opened = list(_opened(Path(f"/proc/{self._desk.pid}/fd")))
        over_tcp = _over_tcp()
        connections = sum(name in over_tcp for name in opened)
        return Size(int(rss.split()[1]), len(opened) - connections, connections)


def _opened(folder: Path) -> Iterator[str]:
    """What each open file of a process is, unless it was closed just now."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            yield str(file.readlink())


def _numbers_in(pid: int) -> set[str]:
    """What looks like a resident number in what a process may write to, as text and as a card has it (UTF-16)."""
    found: set[str] = set()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as process:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights, *_ = line.split()
            start, end = (int(address, 16) for address in where.split("-"))
            with suppress(OSError):  # a part of the kernel's, or one that has just ended
                if rights.startswith("rw"):
                    process.seek(start)
                    content = process.read(end - start)
                    found |= {number.decode() for number in _NUMBER.findall(content)}
                    found |= {number.decode("utf-16-le") for number in _NUMBER_ON_A_CARD.findall(content)}
    return found


def _over_tcp() -> set[str]:
    """Every connection of this machine, as its file is called (proc(5): the tenth field is the socket's inode)."""
    tables = (Path("/proc/net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    return {f"socket:[{line.split()[9]}]" for table in tables for line in table}


def _text(path: Path) -> str:
    document = PdfDocument(path)
    try:
        return "".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


@contextmanager
def _telling(story: Story, which: int) -> Iterator[None]:
    """Which story it was, when something was not as it must be."""
    try:
        yield
    except (AssertionError, TimeoutError) as failure:
        failure.add_note(f"in the story {story.name!r} of visitor {which}")
        raise


@asynccontextmanager
async def opened_hall(assets: Path, pki: Path, out: Path) -> AsyncIterator[Day]:
    """A terminal with its platform and printer, on a clock that can be hurried."""
    with tempfile.TemporaryDirectory(prefix="onecard-day-", dir="/dev/shm") as folder:
        offset, hurry = Path(folder) / "offset", Path(folder) / "hurry.sock"
        offset.write_text("+0\n")
        settings = Settings(assets, pki, out, display="", source_s=0.0, environment=_time_from(offset))
        async with equipped(settings) as machine, AsyncExitStack() as stack:
            machine.printer.seconds_per_page = PAGE_S
            words = (sys.executable, _HERE / "hurried_desk.py", machine.profile, assets, offset, hurry)
            environment = _time_from(offset) | memory.ENVIRONMENT
            desk = Supervised(Command("desk", tuple(map(str, words)), environment), machine.logs)
            stack.push_async_callback(desk.stop)
            await desk.start()
            await machine.start_worker(stack, "documents")
            async with (
                Screen(meeting.socket_of(machine.run, "ui")) as screen,
                Face(meeting.socket_of(machine.run, "vision")) as face,
            ):
                yield Day(machine, screen, face, desk, await asyncio.open_unix_connection(hurry))


def _time_from(offset: Path) -> dict[str, str]:
    """What makes a process live in the day's time; how long something takes stays as it is (faketime(1))."""
    return {
        "LD_PRELOAD": str(_LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


async def spend(day: Day, visitors: int, hours: float, seed: int) -> Diary:
    """So many visitors in so many hours. After the `FIRST` every story of a fault or a whim comes once, then one in
    three by chance."""
    chance = random.Random(seed)
    morning = list(ODD)
    chance.shuffle(morning)
    rest = visitors - len(FIRST) - sum(not story.nobody for story in morning)
    later = [*chance.choices(ODD, k=rest // ODD_SHARE), *[PLAIN] * (rest - rest // ODD_SHARE)]
    chance.shuffle(later)
    plan = [*FIRST, *morning, *later]
    await day.opens()
    began = await day.hurry(0.0)
    ends = began + timedelta(hours=hours)
    for which, story in enumerate(plan):
        await day.happens(story, which)
        left = (ends - await day.hurry(0.0)).total_seconds()
        if left > 0:
            await day.hurry(min(left, chance.expovariate((len(plan) - which) / left)))
        await day.machine.printer.fill_tray()
    if (left := (ends - await day.hurry(0.0)).total_seconds()) > 0:
        await day.hurry(left)
    day.diary.hours = (await day.hurry(0.0) - began).total_seconds() / 3600
    day.diary.remembered = day.remembered()
    day.adds_up()
    return day.diary
