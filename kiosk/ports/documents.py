"""The documents port: the process that reads hostile bytes, and the right-person gate behind it.

The process is replaced after each citizen, and told at once what it will have to believe: then nobody waits for that.
One that dies over a document is asked once more in its next life, because it may have been killed for another's sake; a
document that ends two processes is refused.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kiosk.channel import Channel
from kiosk.china_time import china_date
from kiosk.clock import Clock, within
from kiosk.documents.gate import Expected, PrintableDocument, admit
from kiosk.documents.offline_statement import Device, OfflineStatement, modules
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.messages import (
    Believe,
    FromDocuments,
    HowMuch,
    Imprint,
    Imprinted,
    Message,
    NotVerified,
    Policy,
    Render,
    Rendered,
    Verified,
    Verify,
)
from kiosk.pages import Picture
from kiosk.reasons import Reason, Refused
from kiosk.trust import TrustStore

ANSWER_S: Final = 15.0
COMES_BACK_S: Final = 15.0
LIVES: Final = 2
PREVIEW_DPI: Final = 110

NO_OVERLAYS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType({})


class DocumentPort:
    """The desk's `Documents`, spoken over a socket to the document process."""

    def __init__(
        self,
        clock: Clock,
        trust: TrustStore,
        policies: Mapping[str, Policy],
        signer: Device | None = None,
        overlays: Mapping[str, tuple[float, float]] = NO_OVERLAYS,
    ) -> None:
        """`policies`: what a document of each kind must be. `signer`: who signs the statement that is put on each page;
        None leaves the pages as they were sealed. `overlays`: kinds on pre-printed forms, and how far to the right and
        down what is sealed must move on them, in millimetres."""
        self._clock = clock
        self._trust = trust
        self._policies = policies
        self._signer = signer
        self._overlays = overlays
        self._ids = count(1)
        self._used = False
        self._answer: asyncio.Future[Message] | None = None
        self._channel = Channel("documents", on_message=self._heard, on_connect=self._arrived, on_lost=self._lost)
        self._warming: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """The document process is there."""
        return self._channel.connected.is_set()

    async def open(self, socket: Path) -> None:
        await self._channel.listen(socket)

    async def close(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
        await self._channel.close()

    def dismiss(self) -> None:
        """The process ends, and a fresh one follows."""
        self._channel.dismiss()

    def how_much(self, message: HowMuch) -> None:
        """The process logs."""
        self._channel.how_much(message)

    async def verify(self, pdf: bytes, request: IssueRequest) -> SealedDocument:
        """The seal holds. Raises Refused with a document reason."""
        trust = await self._trust.current()
        policy = self._policies[request.offer.kind.code]
        match await self._ask(Verify(next(self._ids), pdf, trust, request.nonce, policy)):
            case Verified() as verified:
                return SealedDocument.from_worker(pdf, verified)
            case NotVerified(reason=reason, detail=detail, failed=failed):
                raise Refused(reason, f"{failed.value}: {detail}" if failed else detail)
            case other:
                raise Refused(Reason.DOCUMENT_UNSAFE, f"unexpected answer {type(other).__name__}")

    def admit(self, sealed: SealedDocument, request: IssueRequest) -> PrintableDocument:
        """It is the document asked for, about this person. Raises Refused."""
        offer = request.offer
        expected = Expected(
            request_id=request.request_id,
            nonce=request.nonce,
            kind=offer.kind.code,
            agency=offer.seal,
            holder=request.card,
            single_subject=offer.single_subject,
            time_stamp=self._policies[offer.kind.code].time_stamp,
            today=china_date(self._clock.now()),
            age_s=self._clock.monotonic() - request.asked_at,
        )
        return admit(sealed, expected)

    async def picture(self, paper: PrintableDocument) -> Picture:
        """Page 1. Raises Refused."""
        match await self._ask(Render(next(self._ids), paper.pdf, 0, PREVIEW_DPI)):
            case Rendered(picture=picture):
                return picture
            case NotVerified(reason=reason, detail=detail):
                raise Refused(reason, detail)
            case other:
                raise Refused(Reason.DOCUMENT_UNSAFE, f"unexpected answer {type(other).__name__}")

    async def as_printed(self, paper: PrintableDocument) -> PrintableDocument:
        """The same document as it goes to the printer: byte for byte what was sealed, or, where the profile puts this
        terminal's statement on the page or the kind on a pre-printed form, its pages as pictures. Raises Refused."""
        shift_mm = self._overlays.get(paper.kind)
        if self._signer is None and shift_mm is None:
            return paper
        code: tuple[tuple[bool, ...], ...] = ()
        if self._signer is not None:
            code = await asyncio.to_thread(_statement_code, paper, self._signer, self._clock.now())
        match await self._ask(Imprint(next(self._ids), paper.pdf, code, shift_mm or (0.0, 0.0))):
            case Imprinted() as imprinted:
                return paper.imprinted(imprinted)
            case NotVerified(reason=reason, detail=detail):
                raise Refused(reason, detail)
            case other:
                raise Refused(Reason.DOCUMENT_UNSAFE, f"unexpected answer {type(other).__name__}")

    def retire(self) -> None:
        """The process ends with its citizen; the next one is warmed up meanwhile."""
        if self._used:
            self._used = False
            self._channel.dismiss()

    async def _ask(self, question: Verify | Render | Imprint) -> FromDocuments:
        self._used = True
        for _ in range(LIVES):
            if not self._channel.connected.is_set():
                try:
                    await within(self._clock, COMES_BACK_S, self._channel.connected.wait())
                except TimeoutError:
                    break
            self._answer = asyncio.get_running_loop().create_future()
            if not self._channel.send(question):
                continue
            try:
                answer = await within(self._clock, ANSWER_S, self._answer)
            except TimeoutError:
                self._channel.dismiss()
                raise Refused(Reason.DOCUMENT_UNSAFE, "the document process did not answer in time") from None
            except ConnectionError:
                continue
            finally:
                self._answer = None  # an answer is about somebody, and this port outlives them
            if isinstance(answer, FromDocuments) and answer.id == question.id:
                return answer
            self._channel.dismiss()
            raise Refused(Reason.DOCUMENT_UNSAFE, "the document process answered another question")
        raise Refused(Reason.DOCUMENT_UNSAFE, "the document process is gone")

    def _arrived(self) -> None:
        self._warming = asyncio.ensure_future(self._warm_up())

    async def _warm_up(self) -> None:
        """The feed is asked now, too, if it is old: not when a citizen waits."""
        self._channel.send(Believe(await self._trust.current(), any(policy.sm2 for policy in self._policies.values())))

    def _heard(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    def _lost(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the document process is gone"))


def _statement_code(paper: PrintableDocument, signer: Device, at: datetime) -> tuple[tuple[bool, ...], ...]:
    return modules(OfflineStatement.about(paper, signer.terminal, at).signed(signer))
