"""The material system: fetch the facts, compose the certificate, have it sealed (C04: nobody else may call the seal).

Nothing is written down: facts and documents live in the memory of one request (C20).
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

from platform_client.evidence import subject_digest
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.compose import Certificate, compose
from platform_client.sandbox.faults import Fault, Plan, spoil_bytes, spoil_plan
from platform_client.sandbox.pki import Credential, SandboxPki
from platform_client.sandbox.records import Fact
from platform_client.sandbox.registry import Person
from platform_client.sandbox.seal import Seal
from platform_client.sandbox.sources import Gathered, Source, gather
from platform_client.sandbox.statement import Statement
from platform_client.sandbox.typeface import Typecase

CHINA: Final = timezone(timedelta(hours=8))
"""Dates on paper are dates in China."""


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """One person asks for one certificate (E02)."""

    request_id: str
    nonce: str
    kind: str
    person: Person

    def __repr__(self) -> str:
        return f"Order({self.request_id}, {self.kind})"


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """The document and how its facts were gathered."""

    pdf: bytes
    gathered: Gathered

    def __repr__(self) -> str:
        return f"Issued({len(self.pdf)} bytes)"


class Material:
    """Makes sealed certificates. `clock` returns the time, timezone-aware."""

    def __init__(
        self, pki: SandboxPki, typecase: Typecase, sources: tuple[Source, ...], clock: Callable[[], datetime]
    ) -> None:
        self._pki = pki
        self._typecase = typecase
        self._sources = sources
        self._clock = clock
        self._seals: dict[Credential, Seal] = {}

    async def issue(self, order: Order, fault: Fault | None = None) -> Issued:
        """The sealed certificate for `order`. Raises SourceDown."""
        plan = spoil_plan(self._plan(order), fault, self._pki)
        gathered = await gather(self._sources, plan.holder, plan.offer.kind.code)
        # fpdf2 and pyHanko compute for a third of a second: in a thread, so that other requests are answered meanwhile.
        pdf = await asyncio.to_thread(self._make, order, plan, gathered.facts)
        return Issued(spoil_bytes(pdf, fault), gathered)

    def _plan(self, order: Order) -> Plan:
        offer = OFFERS[order.kind]
        valid_until = self._today() + timedelta(days=offer.valid_days)
        seal = self._pki.seal(offer.agency.code)
        return Plan(offer, order.person, order.person, order.nonce, valid_until, seal)

    def _make(self, order: Order, plan: Plan, facts: tuple[Fact, ...]) -> bytes:
        kind = plan.offer.kind
        statement = Statement(
            request_id=order.request_id,
            nonce=plan.nonce,
            kind=kind.code,
            issuer=kind.seal_organisation,
            level="A",
            subject_digest=subject_digest(plan.nonce, plan.subject),
            valid_until=plan.valid_until,
        )
        today = self._today()
        serial = f"{today:%Y%m%d}-{hashlib.sha256(order.request_id.encode()).hexdigest()[:8].upper()}"
        pdf = compose(Certificate(kind, plan.holder, facts, serial, today, statement), self._typecase)
        return pdf if plan.seal is None else self._seal(plan.seal).seal(pdf)

    def _seal(self, credential: Credential) -> Seal:
        if credential not in self._seals:
            self._seals[credential] = Seal(credential, self._pki.issuing)
        return self._seals[credential]

    def _today(self) -> date:
        return self._clock().astimezone(CHINA).date()
