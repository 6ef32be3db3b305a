"""The material-sharing system: asks all sources at once, composes the certificate, has it sealed (C08, C12).

Every source must have answered this question, about this person, now; else there is no certificate but the name of the
source that failed and how. Nothing is written down: facts and documents live in the memory of one order (C20).
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from typing import Final

from aiohttp import web

from platform_client import binding
from platform_client.certificates import Issued
from platform_client.evidence import subject_digest
from platform_client.kinds import Bilingual
from platform_client.materials import Level
from platform_client.operation import About
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.compose import Certificate, compose
from platform_client.sandbox.door import MESSAGE_ID, STATUS, refusal, refused, xml
from platform_client.sandbox.exchange import (
    Order,
    SealedDocument,
    SealRequest,
    SourceAnswer,
    SourceFailure,
    SourceQuery,
    is_a,
    read,
    written,
)
from platform_client.sandbox.faults import Faults, Plan, spoil_bytes, spoil_plan
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.records import Fact
from platform_client.sandbox.registry import Person
from platform_client.sandbox.sources import NAMES, PRIVATE, subject_of
from platform_client.sandbox.staff import Staff
from platform_client.sandbox.statement import Statement
from platform_client.sandbox.system import System, Unanswered
from platform_client.sandbox.topology import LOCAL, MATERIAL, PROVINCIAL, SEAL, SHARING
from platform_client.sandbox.typeface import NoGlyph, Typecase
from platform_client.wire import WireError

CHINA: Final = timezone(timedelta(hours=8))
"""Dates on paper are dates in China."""
SOURCE_LIMIT_S: Final = 10.0
_AS_OF_NOW: Final = timedelta(minutes=5)
_DESK: Final = ThreadPoolExecutor(2, "compose")
"""Two pages at a time: composing is all Python, so more threads would only wait for each other."""
_WAYS: Final = {
    PRIVATE: (SHARING, "/sources/private"),
    PROVINCIAL: (PROVINCIAL, "/query"),
    LOCAL: (SHARING, "/sources/local"),
}
_log = logging.getLogger(__name__)


class Material:
    """Answers at `/orders` of `system`. `clock` returns the time, timezone-aware."""

    def __init__(
        self,
        system: System,
        typecase: Typecase,
        faults: Faults,
        clock: Callable[[], datetime],
        staff: Staff,
        source_limit_s: float,
    ) -> None:
        self._system = system
        self._typecase = typecase
        self._faults = faults
        self._clock = clock
        self._staff = staff
        self._source_limit_s = source_limit_s
        self._ledger = Ledger()
        system.answer("/orders", frozenset({SHARING}), self._order)

    async def _order(self, request: web.Request) -> web.Response:
        order = read(await request.read(), Order)
        if order.reply_to is None:
            return await self._fulfilled(order)
        self._staff.hire(self._bring(order, order.reply_to))
        return web.Response(status=202)

    async def _bring(self, order: Order, front: str) -> None:
        """The answer goes to the front-end that waits for it, not back through the service-sharing platform."""
        answer = await self._fulfilled(order)
        headers = {MESSAGE_ID: order.message_id or "", STATUS: str(answer.status)}
        body = answer.body if isinstance(answer.body, bytes) else b""
        await self._system.call(front, "/deliveries", body, request_id=order.request_id, what="answer", headers=headers)

    async def _fulfilled(self, order: Order) -> web.Response:
        """The platform's answer to the terminal, a certificate or a refusal."""
        try:
            pdf = await self._ledger.once(order, lambda: self._make(order))
            answer = xml(binding.encode(Issued(_about(order), pdf)))
        except Exception as error:
            answer = refusal(error)
        _log.info(
            "made request_id=%s kind=%s status=%d refusal=%s",
            order.request_id,
            order.kind,
            answer.status,
            refused(answer),
        )
        return answer

    async def _make(self, order: Order) -> bytes:
        plan = spoil_plan(self._plan(order), self._faults.active)
        facts = await self._gathered(
            SourceQuery(order.request_id, plan.offer.kind.code, plan.holder.name, plan.holder.number)
        )
        with self._system.tracer.call(order.request_id, MATERIAL, MATERIAL, "compose"):
            # fpdf2 computes for some 30 ms: in a thread, so that other requests are answered meanwhile.
            try:
                certificate = self._certificate(order, plan, facts)
                work = asyncio.get_running_loop().run_in_executor(_DESK, compose, certificate, self._typecase)
                pdf = await work
            except NoGlyph:
                raise Refuse("name-not-printable", 422) from None
        if plan.seal is not None:
            pdf = await self._sealed(order.request_id, plan.seal, pdf)
        return spoil_bytes(pdf, self._faults.active)

    # --- the sources --------------------------------------------------------------------------------------------------

    async def _gathered(self, query: SourceQuery) -> tuple[Fact, ...]:
        """All sources' facts in the order of the page, whoever answered first. Raises Refuse for the first to fail."""
        document = written(query)
        try:
            async with asyncio.TaskGroup() as group:
                branches = [group.create_task(self._asked(source, query, document)) for source in NAMES]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return tuple(fact for branch in branches for fact in branch.result())

    async def _asked(self, source: str, query: SourceQuery, document: bytes) -> tuple[Fact, ...]:
        target, path = _WAYS[source]
        try:
            async with asyncio.timeout(self._source_limit_s):
                reply = await self._system.call(
                    target, path, document, request_id=query.request_id, what=f"query {source}"
                )
        except TimeoutError:
            raise _failed("late", source) from None
        except Unanswered:
            raise _failed("down", source) from None
        if reply.status != 200 or is_a(reply.body, SourceFailure):
            raise _failed("down", source)
        return self._believed(source, query, reply.body)

    def _believed(self, source: str, query: SourceQuery, document: bytes) -> tuple[Fact, ...]:
        """The facts of an answer to exactly this question, looked up just now."""
        try:
            answer = read(document, SourceAnswer)
        except WireError:
            raise _failed("wrong", source) from None
        if (answer.request_id, answer.source, answer.subject_digest) != (query.request_id, source, subject_of(query)):
            raise _failed("wrong", source)
        if abs(self._clock() - datetime.fromisoformat(answer.as_of)) > _AS_OF_NOW:
            raise _failed("stale", source)
        return tuple(
            Fact(Bilingual(entry.label_zh, entry.label_en), Bilingual(entry.value_zh, entry.value_en))
            for entry in answer.entries
        )

    # --- the document -------------------------------------------------------------------------------------------------

    def _plan(self, order: Order) -> Plan:
        offer, person = OFFERS[order.kind], Person(order.name, order.number)
        valid_until = self._today() + timedelta(days=offer.valid_days)
        return Plan(offer, person, person, order.nonce, Level.A, valid_until, offer.agency.code)

    def _certificate(self, order: Order, plan: Plan, facts: tuple[Fact, ...]) -> Certificate:
        kind = plan.offer.kind
        statement = Statement(
            request_id=order.request_id,
            nonce=plan.nonce,
            kind=kind.code,
            issuer=kind.seal_organisation,
            level=plan.level.value,
            subject_digest=subject_digest(plan.nonce, plan.subject),
            valid_until=plan.valid_until,
        )
        today = self._today()
        serial = f"{today:%Y%m%d}-{hashlib.sha256(order.request_id.encode()).hexdigest()[:8].upper()}"
        return Certificate(kind, plan.holder, facts, serial, today, statement)

    async def _sealed(self, request_id: str, agency: str, pdf: bytes) -> bytes:
        body = written(SealRequest(request_id, agency, pdf))
        try:
            reply = await self._system.call(SEAL, "/seal", body, request_id=request_id, what="seal")
            return read(reply.body, SealedDocument).document
        except (Unanswered, WireError):
            raise Refuse("seal-system-down", 424) from None

    def _today(self) -> date:
        return self._clock().astimezone(CHINA).date()


def _about(order: Order) -> About:
    person = Person(order.name, order.number)
    return About(order.request_id, order.nonce, subject_digest(order.nonce, person))


def _failed(how: str, source: str) -> Refuse:
    return Refuse(f"source-{how}-{source}", 424)
