"""What a journey may use: the ports, and the citizen in front of the terminal.

A journey is one coroutine, and `Citizen` is its scope: everything learnt about a person lives in the journey's locals,
and leaving the scope, by whatever way, is what wipes it. Three things end a session from outside: the citizen taps
*stop*, the card is taken away, nothing happens for a while. Each has one owner here and ends the journey in the same
way: its task is cancelled, and at the edge of the scope the cancellation becomes `Refused` with the reason, just as
`asyncio.timeout` turns its own into `TimeoutError`. A cancellation that came from elsewhere (the terminal is going
down) passes through untouched.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from hardware.cards.reading import CardReading, Portrait
from kiosk.audit.log import AuditLog
from kiosk.clock import Clock, within
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.messages import Guidance
from kiosk.pages import (
    Action,
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Home,
    Kind,
    Offer,
    Page,
    Pick,
    PresentCard,
    Preview,
    Print,
    Printing,
    Prompt,
    Rate,
    ReadingCard,
    Refusal,
    Retry,
    Stage,
    Stars,
    Waiting,
)
from kiosk.reasons import MAY_LEAVE_PAPER, Reason, Refused
from kiosk.vision.witness import LiveMatch

Answer = TypeVar("Answer")
Expected = TypeVar("Expected", bound=Action)

# --- the ports -------------------------------------------------------------------------------------------------------


class Screen(Protocol):
    """Shows pages, tells what the citizen does on the current one."""

    def show(self, page: Page, countdown_s: int | None = None) -> None: ...

    async def action(self) -> Action: ...

    def reset(self) -> None: ...


class Reader(Protocol):
    """The identity card reader. `read` raises Refused with a card reason.

    `trouble`: why no card can be read, None when one can. On a reader that is lost no card is present.
    """

    @property
    def trouble(self) -> Reason | None: ...

    @property
    def present(self) -> bool: ...

    async def wait_present(self) -> None: ...

    async def wait_absent(self) -> None: ...

    async def read(self) -> CardReading: ...


class Presence(Protocol):
    """The vision process. Yields guidance, last of all the match; raises Refused with a face reason."""

    def prove(self, portrait: Portrait) -> AsyncIterator[Guidance | LiveMatch]: ...


class Platform(Protocol):
    """The government platform. Calls raise Refused with a platform reason; none takes an identity number (E01)."""

    async def kinds(self) -> tuple[Offer, ...]: ...

    async def kinds_for(self, card: CardReading, match: LiveMatch) -> tuple[Offer, ...]: ...

    async def issue(self, request: IssueRequest) -> bytes: ...

    async def rate(self, request: IssueRequest, stars: int) -> None: ...


class Documents(Protocol):
    """The document process, and the right-person gate. Raises Refused with a document reason."""

    async def verify(self, pdf: bytes, request: IssueRequest) -> SealedDocument: ...

    def admit(self, sealed: SealedDocument, request: IssueRequest) -> PrintableDocument: ...

    async def picture(self, paper: PrintableDocument) -> bytes: ...

    def retire(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PrintReport:
    """`trouble`: the printer waits for staff. `pages_out`: sheets that have left it. `printed`: all of them have."""

    pages_out: int
    trouble: Reason | None
    printed: bool


class Printer(Protocol):
    """The certificate printer. Takes a PrintableDocument and nothing else.

    `trouble` asks the printer itself; None means that it can print. `job` submits and yields reports, at least one a
    second, until the pages are out; raises Refused when they will not come. Leaving the context before that cancels the
    job, and returns only when no page of it can come out any more.
    """

    async def trouble(self) -> Reason | None: ...

    def job(self, paper: PrintableDocument) -> AbstractAsyncContextManager[AsyncIterator[PrintReport]]: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the terminal waits for a person, in seconds."""

    idle_s: float = 45.0
    countdown_s: int = 20
    farewell_s: float = 20.0
    paper_rescue_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The pages are out."""

    kind: Kind
    pages: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a journey may use."""

    screen: Screen
    reader: Reader
    presence: Presence
    platform: Platform
    documents: Documents
    printer: Printer
    clock: Clock
    audit: AuditLog
    timing: Timing

    def citizen(self) -> "Citizen":
        return Citizen(self)

    async def welcome(self, lobby: "Lobby") -> Kind | None:
        """The home page, until somebody taps a tile (its kind) or lays a card on the reader (None)."""
        self.screen.reset()
        card = asyncio.ensure_future(self._fresh_card())
        fresh = asyncio.ensure_future(lobby.keep_fresh(self))
        try:
            while True:
                action = asyncio.ensure_future(self.screen.action())
                await asyncio.wait({card, fresh, action}, return_when=asyncio.FIRST_COMPLETED)
                if fresh.done():
                    fresh.result()
                if card.done():
                    action.cancel()
                    card.result()
                    return None
                match action.result():
                    case Pick(code) if code in lobby.kinds:
                        return lobby.kinds[code]
        finally:
            card.cancel()
            fresh.cancel()

    async def explain(self, refused: Refused) -> bool:
        """The refusal page, until the citizen has read it or a while has passed. True: they want to try again."""
        paper = refused.reason in MAY_LEAVE_PAPER
        self.screen.show(Refusal(refused.reason, card=self.reader.present, paper=paper))

        async def answer() -> bool:
            while True:
                match await self.screen.action():
                    case Retry():
                        return True
                    case Done() | Cancel():
                        return False

        async def follow_card() -> None:
            await self.reader.wait_absent()
            self.screen.show(Refusal(refused.reason, card=False, paper=paper))

        card = asyncio.ensure_future(follow_card())
        try:
            return await within(self.clock, self.timing.farewell_s, answer())
        except TimeoutError:
            return False
        finally:
            card.cancel()

    async def _fresh_card(self) -> None:
        """A card that the last citizen forgot must be taken away before the next one counts."""
        await self.reader.wait_absent()
        await self.reader.wait_present()


class Lobby:
    """What the home page says, kept true while nobody is served. Remembers the last offers for the next welcome."""

    FRESH_S = 10.0
    TROUBLED_S = 1.0
    # A terminal that was just switched on is given this long to find its platform and printer before it complains.
    GRACE_S = 20.0

    def __init__(self, clock: Clock) -> None:
        self._complains_from = clock.monotonic() + self.GRACE_S
        self._offers: tuple[Offer, ...] = ()
        self._trouble: Reason | None = None

    @property
    def kinds(self) -> dict[str, Kind]:
        return {offer.kind.code: offer.kind for offer in self._offers}

    async def keep_fresh(self, desk: Desk) -> None:
        """Asks platform and printer again and again, and shows what they say."""
        while True:
            desk.screen.show(Home(tuple(self.kinds.values()), self._trouble))
            trouble = desk.reader.trouble or await desk.printer.trouble()
            try:
                self._offers = await desk.platform.kinds()
            except Refused as refused:
                trouble = trouble or refused.reason
            starting = not self._offers and desk.clock.monotonic() < self._complains_from
            self._trouble = None if starting else trouble
            desk.screen.show(Home(tuple(self.kinds.values()), self._trouble))
            await desk.clock.sleep(self.TROUBLED_S if trouble else self.FRESH_S)


# --- the citizen -----------------------------------------------------------------------------------------------------


class Citizen:
    """The person in front of the terminal: what they may be asked, and the end of everything known about them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._answers: asyncio.Queue[Action] = asyncio.Queue()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._journey: asyncio.Task[object] | None = None
        self._stirred = asyncio.Event()
        self._ended: Reason | None = None

    async def __aenter__(self) -> Self:
        self._journey = asyncio.current_task()
        self._desk.audit.begin_session()
        self._watch("actions", self._watch_actions())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for watch in self._watches.values():
            watch.cancel()
        try:
            await asyncio.gather(*self._watches.values(), return_exceptions=True)
        except asyncio.CancelledError:
            if self._ended is None:
                raise
            # Our own cancellation, delivered late: the journey was already leaving, for a reason of its own.
        self._desk.documents.retire()
        if kind is asyncio.CancelledError and self._ended is not None:
            error = Refused(self._ended)
        match error:
            case None:
                outcome = "finished"
            case Refused():
                outcome = error.reason.name
            case _:
                outcome = type(error).__name__
        self._desk.audit.end_session(outcome)
        if kind is asyncio.CancelledError and isinstance(error, Refused):
            raise error from None

    # What the journey asks, in its order.

    async def present_card(self, wish: Kind | None) -> CardReading:
        """Waits for a card and reads it. Refuses at once when the printer could not give the paper anyway."""
        if trouble := await self._desk.printer.trouble():
            raise Refused(trouble)
        if not self._desk.reader.present:
            await self._patiently(PresentCard(wish), self._desk.reader.wait_present())
        self._desk.screen.show(ReadingCard())
        card = await self._desk.reader.read()
        self._watch("card", self._watch_card())
        self._desk.audit.record("card.read", reader=card.reader_id)
        return card

    async def prove_presence(self, portrait: Portrait | None) -> LiveMatch:
        """A live person with the portrait's face is in front of the camera. Refuses a card without a portrait."""
        if portrait is None:
            raise Refused(Reason.PORTRAIT_UNREADABLE, "the card has no portrait")
        self._desk.screen.show(FaceCheck(Prompt.LOOK))
        async for seen in self._desk.presence.prove(portrait):
            match seen:
                case Guidance(prompt=prompt, hint=hint, progress=progress):
                    self._desk.screen.show(FaceCheck(prompt, hint, progress))
                case LiveMatch():
                    self._desk.audit.record(
                        "presence.proved",
                        model=seen.model,
                        weights=seen.weights_sha256,
                        score=round(seen.score, 4),
                        threshold=seen.threshold,
                        frames=seen.frames,
                    )
                    return seen
        raise Refused(Reason.FACE_NOT_LIVE, "the check ended without a verdict")

    async def choose_certificate(self, offers: tuple[Offer, ...], wish: Kind | None, name: str) -> Offer:
        """The certificate tapped on the home page if it may be issued, else the one chosen now."""
        if not offers:
            raise Refused(Reason.NOTHING_TO_ISSUE)
        codes = {offer.kind.code: offer for offer in offers}
        if wish is not None and wish.code in codes:
            return codes[wish.code]
        page = ChooseCertificate(name, tuple(offer.kind for offer in offers))
        while True:
            picked = await self._ask(page, Pick)
            if picked.code in codes:
                return codes[picked.code]

    async def wait_for(self, work: Awaitable[Answer], stage: Stage, kind: Kind | None = None) -> Answer:
        """Shows that the terminal works; *stop* cancels the work at once."""
        self._desk.screen.show(Waiting(stage, kind))
        return await work

    async def preview(self, paper: PrintableDocument, offer: Offer) -> None:
        """The certificate on the screen, until the citizen says *print*."""
        png = await self._desk.documents.picture(paper)
        page = Preview(offer.kind, paper.issuer, paper.valid_until.isoformat(), png, paper.pages)
        await self._ask(page, Print)

    async def print(self, paper: PrintableDocument, offer: Offer) -> Receipt:
        """Paper. Returns when the pages are out, not when a job is queued.

        From here on taking the card away no longer ends the session: people reach for it as soon as the printer hums.
        """
        desk = self._desk
        self._unwatch("card")
        desk.screen.show(Printing(offer.kind))
        desk.audit.record("print.submitted", document=paper.sha256, pages=paper.pages)
        stuck_since: float | None = None
        async with desk.printer.job(paper) as reports:
            desk.audit.record("print.accepted", document=paper.sha256)
            async for report in reports:
                if report.printed:
                    desk.audit.record("print.out", document=paper.sha256, pages=report.pages_out)
                    return Receipt(offer.kind, report.pages_out)
                if report.trouble is None:
                    stuck_since = None
                    desk.screen.show(Printing(offer.kind))
                    continue
                now = desk.clock.monotonic()
                if stuck_since is None:
                    stuck_since = now
                    desk.audit.record("print.trouble", reason=report.trouble.name)
                left = desk.timing.paper_rescue_s - (now - stuck_since)
                if left <= 0:
                    raise Refused(_DURING.get(report.trouble, report.trouble))
                desk.screen.show(Printing(offer.kind, report.trouble, int(left)))
        raise Refused(Reason.PRINT_UNCERTAIN, "the reports ended before the pages were out")

    async def hand_over(self, receipt: Receipt) -> None:
        """Take the paper and the card: until the reader is empty and the citizen says so, or a while has passed."""
        reader = self._desk.reader

        async def taken() -> None:
            if reader.present:
                self._desk.screen.show(HandOver(receipt.kind, receipt.pages, card=True))
                await reader.wait_absent()
            self._desk.screen.show(HandOver(receipt.kind, receipt.pages, card=False))
            while not isinstance(await self._answers.get(), Done):
                pass

        try:
            await within(self._desk.clock, self._desk.timing.farewell_s * 2, taken())
        except TimeoutError:
            self._desk.audit.record("handover.unconfirmed", card=reader.present)

    async def rate(self, request: IssueRequest) -> None:
        """Five levels, or none: nobody is made to answer, and a failure here is not the citizen's concern."""
        self._desk.screen.show(Rate())

        async def stars() -> int | None:
            while True:
                match await self._answers.get():
                    case Stars(value):
                        return value
                    case Done():
                        return None

        try:
            given = await within(self._desk.clock, self._desk.timing.farewell_s, stars())
            if given is not None:
                await self._desk.platform.rate(request, given)
                self._desk.audit.record("rating.given", request=request.request_id, stars=given)
        except TimeoutError:
            pass
        except Refused as refused:
            self._desk.audit.record("rating.lost", request=request.request_id, reason=refused.reason.name)

    # How it asks.

    async def _ask(self, page: Page, expected: type[Expected]) -> Expected:
        """Shows a page that waits for the citizen; returns the action of this class."""

        async def answer() -> Expected:
            while True:
                action = await self._answers.get()
                if isinstance(action, expected):
                    return action

        return await self._patiently(page, answer())

    async def _patiently(self, page: Page, answer: Coroutine[None, None, Answer]) -> Answer:
        """Shows the page and waits for `answer`; after `idle_s` without an action counts down, then refuses."""
        desk = self._desk
        desk.screen.show(page)
        work = asyncio.ensure_future(answer)
        try:
            while True:
                self._stirred.clear()
                if await self._quiet_for(desk.timing.idle_s, work):
                    for left in range(desk.timing.countdown_s, 0, -1):
                        desk.screen.show(page, countdown_s=left)
                        if not await self._quiet_for(1.0, work):
                            break
                    else:
                        raise Refused(Reason.IDLE)
                if work.done():
                    return work.result()
                desk.screen.show(page)
        finally:
            work.cancel()

    async def _quiet_for(self, seconds: float, work: "asyncio.Future[Answer]") -> bool:
        """True when `seconds` pass in which the citizen does nothing and `work` is not done."""
        stirred = asyncio.ensure_future(self._stirred.wait())
        alarm = asyncio.ensure_future(self._desk.clock.sleep(seconds))
        any_of: set[asyncio.Future[Any]] = {work, stirred, alarm}
        try:
            await asyncio.wait(any_of, return_when=asyncio.FIRST_COMPLETED)
            return not work.done() and not stirred.done()
        finally:
            stirred.cancel()
            alarm.cancel()

    # What may end it.

    def _watch(self, name: str, watch: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(watch)
        self._watches[name] = task
        task.add_done_callback(self._watch_ended)

    def _unwatch(self, name: str) -> None:
        self._watches.pop(name).cancel()

    def _watch_ended(self, task: asyncio.Task[None]) -> None:
        """A watch that fails ends the session, too: nobody may print while nobody listens for *stop*."""
        if not task.cancelled() and task.exception() is not None:
            self._end(Reason.INTERNAL)

    async def _watch_actions(self) -> None:
        while True:
            action = await self._desk.screen.action()
            self._stirred.set()
            if isinstance(action, Cancel):
                self._end(Reason.CANCELLED)
                return
            self._answers.put_nowait(action)

    async def _watch_card(self) -> None:
        await self._desk.reader.wait_absent()
        self._end(self._desk.reader.trouble or Reason.CARD_REMOVED)

    def _end(self, reason: Reason) -> None:
        if self._ended is None and self._journey is not None:
            self._ended = reason
            self._journey.cancel()


# The same trouble reads differently once a job was under way: the citizen must know that no second original can come.
_DURING = {Reason.PAPER_EMPTY: Reason.PAPER_EMPTY_DURING, Reason.PRINTER_DOOR_OPEN: Reason.PRINT_UNCERTAIN}
