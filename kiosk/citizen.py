"""The citizen in front of the terminal: what a journey asks of them, in its order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from hardware.cards.reading import CardReading, Portrait
from kiosk.clock import within
from kiosk.documents.gate import PrintableDocument
from kiosk.evidence import IssueRequest
from kiosk.messages import Guidance
from kiosk.opening import TRIES, Closed, DoesNotOpen, access
from kiosk.pages import (
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Kind,
    Offer,
    OpenDocument,
    Opening,
    OtherWay,
    Pick,
    PresentCard,
    Preview,
    Print,
    Printing,
    Prompt,
    Rate,
    ReadingCard,
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
from kiosk.reasons import ONCE_SENT, Reason, Refused
from kiosk.session import Session
from kiosk.vision.witness import LiveMatch

if TYPE_CHECKING:
    from kiosk.desk import PrintReport

log = logging.getLogger(__name__)

RATING_S: Final = 2.0
"""How long a citizen who is done waits for their rating to arrive."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The pages are out. `slip`: a receipt can be had, too."""

    kind: Kind
    pages: int
    issue: str
    paper: PrintableDocument
    slip: bool = False


class Citizen(Session):
    """The person in front of the terminal, and what they may be asked."""

    async def present_card(self, wish: Kind | None) -> CardReading:
        """Waits for a card and reads it. Refuses at once when the printer could not give the paper anyway."""
        desk = self.desk
        trouble = desk.sign.reason or desk.audit.trouble or desk.reader.trouble or await desk.printer.trouble()
        if trouble := trouble or desk.printer.interruption():
            raise Refused(trouble)
        self.watch_reader()
        if not self.desk.reader.present:
            page = PresentCard(wish, self.desk.reader.travel_documents)
            await self.patiently(page, self.desk.reader.wait_present())
        card = await self._read()
        self.desk.audit.record("card.read", reader=card.reader_id)
        return card

    async def _read(self) -> CardReading:
        try:
            card = await self.unless_brief(ReadingCard(), self.desk.reader.read())
        except Closed:
            self.watch_card()
            return await self._open()
        self.watch_card()
        return card

    async def _open(self) -> CardReading:
        """The holder of a travel document types what opens its chip, at most `TRIES` times (E01: kiosk.opening)."""
        way = Way.MRZ
        left: int | None = None
        while True:
            typed = await self.ask(OpenDocument(way, left), Opening)
            if isinstance(typed, OtherWay):
                way = Way.CAN if way is Way.MRZ else Way.MRZ
            elif isinstance(typed, TypedCan | TypedMrz) and (opens := access(typed)) is not None:
                try:
                    return await self.unless_brief(ReadingCard(), self.desk.reader.read(opens))
                except DoesNotOpen as refused:
                    left = (TRIES if left is None else left) - 1
                    self.desk.audit.record("card.not-opened", way=way.value, left=left)
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
            if refused.reason is not Reason.PORTRAIT_UNREADABLE or not self.desk.platform_portraits:
                raise
            log.info("the platform is asked for a portrait: %s", refused.detail)
        portrait = await self.wait_for(self.desk.platform.portrait(card), Stage.ASKING_PORTRAIT)
        self.desk.audit.record("portrait.given")
        return await self._compare(portrait)

    async def _compare(self, portrait: Portrait | None) -> LiveMatch:
        if portrait is None:
            raise Refused(Reason.PORTRAIT_UNREADABLE, "the card has no portrait")
        self.desk.screen.show(FaceCheck(Prompt.LOOK))
        async with aclosing(self.desk.presence.prove(portrait)) as check:
            async for seen in check:
                match seen:
                    case Guidance(prompt=prompt, hint=hint, progress=progress, light=light, zone=zone):
                        self.desk.screen.show(FaceCheck(prompt, hint, progress, light, zone))
                    case LiveMatch():
                        self.desk.audit.record(
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
            picked = await self.ask_in_private(page, Pick)
            if picked.code in codes:
                return codes[picked.code]

    async def wait_for(self, work: Awaitable[Answer], stage: Stage, kind: Kind | None = None) -> Answer:
        """Shows that the terminal works; *stop* cancels the work at once."""
        return await self.unless_brief(Waiting(stage, kind), work)

    async def preview(self, paper: PrintableDocument, offer: Offer) -> None:
        """The certificate on the screen, until the citizen says *print*."""
        self.desk.audit.record(
            "document.admitted",
            document=paper.sha256,
            kind=paper.kind,
            checks=" ".join(check.value for check in paper.checks),
        )
        picture = await self.desk.documents.picture(paper)
        last_day = paper.valid_until.isoformat()
        page = Preview(offer.kind, paper.issuer, last_day, picture, paper.pages, len(paper.checks))
        await self.ask_in_private(page, Print)

    async def print(self, paper: PrintableDocument, offer: Offer) -> Receipt:
        """Paper. Returns when the pages are out, not when a job is queued.

        From here on taking the card away no longer ends the session: people reach for it as soon as the printer hums.
        """
        desk = self.desk
        self.unwatch_reader_and_card()
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
        async with self.desk.printer.job(paper, reprint) as reports:
            try:
                return await self._until_printed(reports, paper, offer)
            except (asyncio.CancelledError, _GaveUp):
                self.desk.screen.show(Waiting(Stage.RECALLING, offer.kind))
                raise

    async def _until_cleared(self, offer: Offer) -> None:
        """Until the printer itself says that the jam is gone, for at most `paper_rescue_s`."""
        desk = self.desk
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
        desk = self.desk
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
        reader, receipts = self.desk.reader, self.desk.receipts
        slip = SlipState.OFFERED if receipt.slip else SlipState.NONE

        def show(now: SlipState | None = None) -> None:
            nonlocal slip
            slip = now or slip
            self.desk.screen.show(HandOver(receipt.kind, receipt.pages, reader.present, slip))

        async def card_away() -> None:
            if reader.present:
                await reader.wait_absent()
                show()

        async def done() -> None:
            while True:
                match await self.answers.get():
                    case Done():
                        return
                    case WantSlip() if slip is SlipState.OFFERED:
                        show(SlipState.PRINTING)
                        is_out = await receipts.print(receipt.paper, receipt.kind)
                        self.desk.audit.record("receipt.asked", out=is_out, document=receipt.paper.sha256)
                        show(SlipState.OUT if is_out else SlipState.FAILED)

        async def taken() -> None:
            show()
            away = asyncio.ensure_future(card_away())
            try:
                await done()
                await away
            finally:
                away.cancel()

        self.forget_answers()
        try:
            await within(self.desk.clock, self.desk.timing.farewell_s * 2, taken())
        except TimeoutError:
            self.desk.audit.record("handover.unconfirmed", card=reader.present)
        else:
            self.desk.printer.collected(receipt.issue)

    async def rate(self, request: IssueRequest) -> None:
        """Five levels, or none: nobody is made to answer, and a failure here is not the citizen's concern."""
        self.desk.screen.show(Rate())

        async def stars() -> int | None:
            while True:
                match await self.answers.get():
                    case Stars(value):
                        return value
                    case Done():
                        return None

        self.forget_answers()
        try:
            given = await within(self.desk.clock, self.desk.timing.farewell_s, stars())
        except TimeoutError:
            return
        if given is None:
            return
        try:
            await within(self.desk.clock, RATING_S, self.desk.platform.rate(request, given))
            self.desk.audit.record("rating.given", request=request.request_id, stars=given)
        except TimeoutError:
            self.desk.audit.record("rating.lost", request=request.request_id, reason=Reason.PLATFORM_SLOW.name)
        except Refused as refused:
            self.desk.audit.record("rating.lost", request=request.request_id, reason=refused.reason.name)


class _GaveUp(Refused):
    """The printer was waited for as long as a citizen can be asked to."""

    def __init__(self, trouble: Reason) -> None:
        super().__init__(ONCE_SENT.get(trouble, trouble), "no page came out in time")
