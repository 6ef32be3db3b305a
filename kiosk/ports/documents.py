"""The documents port: the process that reads hostile bytes, and the right-person gate behind it.

The process is replaced after each citizen. One that dies over a document is asked once more in its next life, because
it may have been killed for another's sake; a document that ends two processes is refused.
"""

import asyncio
from itertools import count
from pathlib import Path
from typing import Final

from kiosk.channel import Channel
from kiosk.china_time import china_date
from kiosk.clock import Clock, within
from kiosk.documents.gate import Expected, PrintableDocument, admit
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.messages import FromDocuments, Message, NotVerified, Render, Rendered, Verified, Verify
from kiosk.reasons import Reason, Refused
from kiosk.trust import TrustStore

ANSWER_S: Final = 15.0
COMES_BACK_S: Final = 15.0
LIVES: Final = 2
PREVIEW_DPI: Final = 110


class DocumentPort:
    """The desk's `Documents`, spoken over a socket to the document process."""

    def __init__(self, clock: Clock, trust: TrustStore) -> None:
        self._clock = clock
        self._trust = trust
        self._ids = count(1)
        self._used = False
        self._answer: asyncio.Future[Message] | None = None
        self._channel = Channel("documents", on_message=self._heard, on_lost=self._lost)

    async def open(self, socket: Path) -> None:
        await self._channel.listen(socket)

    async def close(self) -> None:
        await self._channel.close()

    async def verify(self, pdf: bytes, request: IssueRequest) -> SealedDocument:
        """The seal holds. Raises Refused with a document reason."""
        trust = await self._trust.current()
        match await self._ask(Verify(next(self._ids), pdf, trust, request.nonce)):
            case Verified() as verified:
                return SealedDocument.from_worker(pdf, verified)
            case NotVerified(reason=reason, detail=detail):
                raise Refused(reason, detail)
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
            today=china_date(self._clock.now()),
        )
        return admit(sealed, expected)

    async def picture(self, paper: PrintableDocument) -> bytes:
        """Page 1 as PNG. Raises Refused."""
        match await self._ask(Render(next(self._ids), paper.pdf, 0, PREVIEW_DPI)):
            case Rendered(png=png):
                return png
            case NotVerified(reason=reason, detail=detail):
                raise Refused(reason, detail)
            case other:
                raise Refused(Reason.DOCUMENT_UNSAFE, f"unexpected answer {type(other).__name__}")

    def retire(self) -> None:
        """The process ends with its citizen; the next one is warmed up meanwhile."""
        if self._used:
            self._used = False
            self._channel.dismiss()

    async def _ask(self, question: Verify | Render) -> FromDocuments:
        self._used = True
        for _ in range(LIVES):
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
            if isinstance(answer, Verified | NotVerified | Rendered) and answer.id == question.id:
                return answer
            self._channel.dismiss()
            raise Refused(Reason.DOCUMENT_UNSAFE, "the document process answered another question")
        raise Refused(Reason.DOCUMENT_UNSAFE, "the document process is gone")

    def _heard(self, message: Message) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)

    def _lost(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the document process is gone"))
