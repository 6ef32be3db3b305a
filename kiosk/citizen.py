"""The citizen in front of the terminal: the scope of one journey.

A journey is one coroutine, and `Citizen` is its scope: everything learnt about a person lives in the journey's locals,
and leaving the scope, by whatever way, is what wipes it. Three things end a session from outside: the citizen taps
*stop*, the card is taken away, nothing happens for a while. Each has one owner here and ends the journey in the same
way: its task is cancelled, and at the edge of the scope the cancellation becomes `Refused` with the reason, just as
`asyncio.timeout` turns its own into `TimeoutError`. A cancellation that came from elsewhere (the terminal is going
down) passes through untouched.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from hardware.cards.reading import CardReading, Portrait
from kiosk.clock import within
from kiosk.documents.gate import PrintableDocument
from kiosk.evidence import IssueRequest
from kiosk.messages import Guidance
from kiosk.opening import TRIES, Closed, DoesNotOpen, access
from kiosk.pages import (
    Action,
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Kind,
    Offer,
    OpenDocument,
    Opening,
    OtherWay,
    Page,
    Pick,
    PresentCard,
    Preview,
    Print,
    Printing,
    Prompt,
    Rate,
    ReadingCard,
    Reveal,
    SlipState,
    Stage,
    Stars,
    TypedCan,
    TypedMrz,
    Waiting,
    WantSlip,
    Way,
)
from kiosk.paper.ledger import Jammed, ReprintToken
from kiosk.reasons import ONCE_SENT, Reason, Refused, fault
from kiosk.vision.witness import LiveMatch

if TYPE_CHECKING:
    from kiosk.desk import Desk, PrintReport

log = logging.getLogger(__name__)

RATING_S: Final = 2.0
"""How long a citizen who is done waits for their rating to arrive."""
BRIEF_S: Final = 0.2
"""Work that ends sooner gets no page of its own: nobody could read it, and painting it would delay the next one."""

Answer = TypeVar("Answer")
Expected = TypeVar("Expected")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The pages are out. `slip`: a receipt can be had, too."""

    kind: Kind
    pages: int
    issue: str
    paper: PrintableDocument
    slip: bool = False


class Citizen:
    """The person in front of the terminal: what they may be asked, and the end of everything known about them."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._answers: asyncio.Queue[Action] = asyncio.Queue()
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._journey: asyncio.Task[object] | None = None
        self._stirred = asyncio.Event()
        self._ended: Reason | None = None
        self._overlooked = False
        self._trusts = False

    async def __aenter__(self) -> Self:
        self._journey = asyncio.current_task()
        self._desk.audit.begin_session()
        self._desk.health.session_began()
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
        try:
            self._desk.audit.end_session(outcome)
        finally:
            self._desk.health.session_ended(outcome)
        if kind is asyncio.CancelledError and isinstance(error, Refused):
            raise error from None

    # What the journey asks, in its order.

    async def present_card(self, wish: Kind | None) -> CardReading:
        """Waits for a card and reads it. Refuses at once when the printer could not give the paper anyway."""
        desk = self._desk
        trouble = desk.sign.reason or desk.audit.trouble or desk.reader.trouble or await desk.printer.trouble()
        if trouble := trouble or desk.printer.interruption():
            raise Refused(trouble)
        self._watch("reader", self._watch_reader())
        if not self._desk.reader.present:
            page = PresentCard(wish, self._desk.reader.travel_documents)
            await self._patiently(page, self._desk.reader.wait_present())
        card = await self._read()
        self._desk.audit.record("card.read", reader=card.reader_id)
        return card

    async def _read(self) -> CardReading:
        try:
            card = await self._unless_brief(ReadingCard(), self._desk.reader.read())
        except Closed:
            self._watch("card", self._watch_card())
            return await self._open()
        self._watch("card", self._watch_card())
        return card

    async def _open(self) -> CardReading:
        """The holder of a travel document types what opens its chip, at most `TRIES` times (E01: kiosk.opening)."""
        way = Way.MRZ
        left: int | None = None
        while True:
            typed = await self._ask(OpenDocument(way, left), Opening)
            if isinstance(typed, OtherWay):
                way = Way.CAN if way is Way.MRZ else Way.MRZ
            elif isinstance(typed, TypedCan | TypedMrz) and (opens := access(typed)) is not None:
                try:
                    return await self._unless_brief(ReadingCard(), self._desk.reader.read(opens))
                except DoesNotOpen as refused:
                    left = (TRIES if left is None else left) - 1
                    self._desk.audit.record("card.not-opened", way=way.value, left=left)
                    if not left:
                        raise Refused(Reason.CARD_DOES_NOT_OPEN, str(refused)) from None

    async def prove_presence(self, card: CardReading) -> LiveMatch:
        """A live person with the face of the card's portrait is in front of the camera.

        A portrait that is missing or cannot be decoded ends here, unless the platform is to say what the holder of this
        card looks like.
        """
        try:
            return await self._compare(card.portrait)
        except Refused as refused:
            if refused.reason is not Reason.PORTRAIT_UNREADABLE or not self._desk.platform_portraits:
                raise
            log.info("the platform is asked for a portrait: %s", refused.detail)
        portrait = await self.wait_for(self._desk.platform.portrait(card), Stage.ASKING_PORTRAIT)
        self._desk.audit.record("portrait.given")
        return await self._compare(portrait)

    async def _compare(self, portrait: Portrait | None) -> LiveMatch:
        if portrait is None:
            raise Refused(Reason.PORTRAIT_UNREADABLE, "the card has no portrait")
        self._desk.screen.show(FaceCheck(Prompt.LOOK))
        async with aclosing(self._desk.presence.prove(portrait)) as check:
            async for seen in check:
                match seen:
                    case Guidance(prompt=prompt, hint=hint, progress=progress, light=light, zone=zone):
                        self._desk.screen.show(FaceCheck(prompt, hint, progress, light, zone))
                    case LiveMatch():
                        self._desk.audit.record(
                            "presence.proved",
                            model=seen.model,
                            weights=seen.weights_sha256,
                            score=round(seen.score, 4),
                            threshold=seen.threshold,
                            population=seen.population,
                            validated=seen.validated,
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
            picked = await self._ask_in_private(page, Pick)
            if picked.code in codes:
                return codes[picked.code]

    async def wait_for(self, work: Awaitable[Answer], stage: Stage, kind: Kind | None = None) -> Answer:
        """Shows that the terminal works; *stop* cancels the work at once."""
        return await self._unless_brief(Waiting(stage, kind), work)

    async def preview(self, paper: PrintableDocument, offer: Offer) -> None:
        """The certificate on the screen, until the citizen says *print*."""
        self._desk.audit.record(
            "document.admitted",
            document=paper.sha256,
            kind=paper.kind,
            checks=" ".join(check.value for check in paper.checks),
        )
        picture = await self._desk.documents.picture(paper)
        last_day = paper.valid_until.isoformat()
        page = Preview(offer.kind, paper.issuer, last_day, picture, paper.pages, len(paper.checks))
        await self._ask_in_private(page, Print)

    async def print(self, paper: PrintableDocument, offer: Offer) -> Receipt:
        """Paper. Returns when the pages are out, not when a job is queued.

        From here on taking the card away no longer ends the session: people reach for it as soon as the printer hums.
        """
        desk = self._desk
        self._unwatch("card")
        self._unwatch("reader")
        desk.screen.show(Printing(offer.kind))
        paper = await desk.documents.as_printed(paper)
        form = "picture" if paper.is_picture else "sealed"
        desk.audit.record("print.submitted", document=paper.sha256, pages=paper.pages, form=form)
        slip = asyncio.ensure_future(desk.receipts.are_offered())  # asked while the printer hums: it costs no time
        try:
            try:
                receipt = await self._print(paper, offer)
            except Jammed as jammed:
                await self._until_cleared(offer)
                desk.audit.record("print.again", document=paper.sha256)
                receipt = await self._print(paper, offer, jammed.reprint)
            return replace(receipt, slip=slip.done() and slip.exception() is None and slip.result())
        finally:
            slip.cancel()

    async def _print(self, paper: PrintableDocument, offer: Offer, reprint: ReprintToken | None = None) -> Receipt:
        async with self._desk.printer.job(paper, reprint) as reports:
            try:
                return await self._until_printed(reports, paper, offer)
            except (asyncio.CancelledError, _GaveUp):
                self._desk.screen.show(Waiting(Stage.RECALLING, offer.kind))
                raise

    async def _until_cleared(self, offer: Offer) -> None:
        """Until the printer itself says that the jam is gone, for at most `paper_rescue_s`."""
        desk = self._desk
        until = desk.clock.monotonic() + desk.timing.paper_rescue_s
        while trouble := await desk.printer.trouble():
            left = until - desk.clock.monotonic()
            if left <= 0:
                raise _GaveUp(trouble)
            desk.screen.show(Printing(offer.kind, trouble, int(left)))
            await desk.clock.sleep(1.0)
        desk.screen.show(Printing(offer.kind))

    async def _until_printed(
        self, reports: "AsyncIterator[PrintReport]", paper: PrintableDocument, offer: Offer
    ) -> Receipt:
        """Gives up when for `paper_rescue_s` no page came out and no trouble went away."""
        desk = self._desk
        since = desk.clock.monotonic()
        before: PrintReport | None = None
        async for report in reports:
            if before is None:
                desk.audit.record("print.accepted", document=paper.sha256)
            if report.printed:
                desk.audit.record("print.out", document=paper.sha256, pages=report.pages_out)
                return Receipt(offer.kind, report.pages_out, report.issue, paper)
            if report != before:
                since = desk.clock.monotonic()
                if report.trouble is not None:
                    desk.audit.record("print.trouble", reason=report.trouble.name, pages=report.pages_out)
            before = report
            left = desk.timing.paper_rescue_s - (desk.clock.monotonic() - since)
            if left <= 0:
                raise _GaveUp(report.trouble or Reason.PRINTER_LOST)
            seconds_left = int(left) if report.trouble else None
            desk.screen.show(Printing(offer.kind, report.trouble, seconds_left, report.pages_out, report.pages))
        raise Refused(Reason.PRINT_UNCERTAIN, "the reports ended before the pages were out")

    async def hand_over(self, receipt: Receipt) -> None:
        """Take the paper and the card: until the reader is empty and the citizen says so, or a while has passed.

        Meanwhile whoever wants a receipt gets one; for everybody else nothing takes a moment longer.
        """
        reader, receipts = self._desk.reader, self._desk.receipts
        slip = SlipState.OFFERED if receipt.slip else SlipState.NONE

        def show(now: SlipState | None = None) -> None:
            nonlocal slip
            slip = now or slip
            self._desk.screen.show(HandOver(receipt.kind, receipt.pages, reader.present, slip))

        async def card_away() -> None:
            if reader.present:
                await reader.wait_absent()
                show()

        async def done() -> None:
            while True:
                match await self._answers.get():
                    case Done():
                        return
                    case WantSlip() if slip is SlipState.OFFERED:
                        show(SlipState.PRINTING)
                        is_out = await receipts.print(receipt.paper, receipt.kind)
                        self._desk.audit.record("receipt.asked", out=is_out, document=receipt.paper.sha256)
                        show(SlipState.OUT if is_out else SlipState.FAILED)

        async def taken() -> None:
            show()
            away = asyncio.ensure_future(card_away())
            try:
                await done()
                await away
            finally:
                away.cancel()

        self._forget_answers()
        try:
            await within(self._desk.clock, self._desk.timing.farewell_s * 2, taken())
        except TimeoutError:
            self._desk.audit.record("handover.unconfirmed", card=reader.present)
        else:
            self._desk.printer.collected(receipt.issue)

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

        self._forget_answers()
        try:
            given = await within(self._desk.clock, self._desk.timing.farewell_s, stars())
        except TimeoutError:
            return
        if given is None:
            return
        try:
            await within(self._desk.clock, RATING_S, self._desk.platform.rate(request, given))
            self._desk.audit.record("rating.given", request=request.request_id, stars=given)
        except TimeoutError:
            self._desk.audit.record("rating.lost", request=request.request_id, reason=Reason.PLATFORM_SLOW.name)
        except Refused as refused:
            self._desk.audit.record("rating.lost", request=request.request_id, reason=refused.reason.name)

    # How it asks.

    async def _unless_brief(self, page: Page, work: Awaitable[Answer]) -> Answer:
        """Waits for `work`, on this page if it takes longer than `BRIEF_S`."""
        task = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self._desk.clock.sleep(BRIEF_S))
        try:
            await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._desk.screen.show(page)
            return await task
        finally:
            for future in (task, alarm):
                future.cancel()
            await asyncio.gather(task, alarm, return_exceptions=True)

    async def _ask(self, page: Page, expected: type[Expected]) -> Expected:
        """Shows a page that waits for the citizen; returns the action of this class."""

        async def answer() -> Expected:
            while True:
                action = await self._answers.get()
                if isinstance(action, expected):
                    return action

        self._forget_answers()
        return await self._patiently(page, answer())

    async def _ask_in_private(self, page: ChooseCertificate | Preview, expected: type[Expected]) -> Expected:
        """As `_ask`. While somebody looks over the shoulder nothing private shows and nothing goes on, until they are
        gone or the citizen says that they may see it: then for the rest of the session."""

        async def answer() -> Expected:
            while True:
                action = await self._answers.get()
                if isinstance(action, Reveal):
                    self._overlooked, self._trusts = False, True
                    self._desk.screen.show(page)
                elif isinstance(action, expected) and not self._overlooked:
                    return action

        async def guard() -> None:
            async with aclosing(self._desk.presence.onlookers()) as onlookers:
                async for near in onlookers:
                    self._overlooked = near and not self._trusts
                    self._desk.screen.show(self._veiled(page))

        self._forget_answers()
        watching = None if self._trusts else asyncio.ensure_future(guard())
        try:
            return await self._patiently(page, answer())
        finally:
            self._overlooked = False
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    def _veiled(self, page: Page) -> Page:
        """The page as it may be seen now."""
        private = isinstance(page, ChooseCertificate | Preview)
        return msgspec.structs.replace(page, overlooked=True) if private and self._overlooked else page

    def _forget_answers(self) -> None:
        """What was tapped on an earlier page is no answer to this one."""
        while not self._answers.empty():
            self._answers.get_nowait()

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
                        desk.screen.show(self._veiled(page), countdown_s=left)
                        if not await self._quiet_for(1.0, work):
                            break
                    else:
                        raise Refused(Reason.IDLE)
                if work.done():
                    return work.result()
                desk.screen.show(self._veiled(page))
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
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fault: %s", fault(error))
            self._end(Reason.INTERNAL)

    async def _watch_actions(self) -> None:
        while True:
            action = await self._desk.screen.action()
            self._stirred.set()
            if isinstance(action, Cancel):
                self._end(Reason.CANCELLED)
                return
            self._answers.put_nowait(action)

    async def _watch_reader(self) -> None:
        await self._desk.reader.wait_lost()
        self._end(Reason.READER_LOST)

    async def _watch_card(self) -> None:
        await self._desk.reader.wait_absent()
        self._end(self._desk.reader.trouble or Reason.CARD_REMOVED)

    def _end(self, reason: Reason) -> None:
        if self._ended is None and self._journey is not None:
            self._ended = reason
            self._journey.cancel()


class _GaveUp(Refused):
    """The printer was waited for as long as a citizen can be asked to."""

    def __init__(self, trouble: Reason) -> None:
        super().__init__(ONCE_SENT.get(trouble, trouble), "no page came out in time")
