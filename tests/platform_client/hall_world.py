"""A hall behind a real door: TLS, evidence, a clock turned by hand, and as many people as a test wants."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from platform_world import TERMINAL, Card, client_for, evidence_of, identity_of

from platform_client.client import CallRecord, PlatformClient
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.operation import A, Ask, Q
from platform_client.sandbox.assembly import Options
from platform_client.sandbox.hall.hall import Hall
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import check_character
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.topology import Topology
from platform_client.sandbox.typeface import Typecase

CHINA_H = timedelta(hours=8)
MONDAY = date(2026, 11, 30)
"""No holiday near it."""


def china(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - CHINA_H


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: china(MONDAY, 9))

    def __call__(self) -> datetime:
        return self.now


def citizen(number: int) -> Card:
    """Somebody who does not exist; each `number` is somebody else."""
    body = f"999900{1950 + number % 50}0101{number:03}"
    surname, given = "赵钱孙李周吴郑王冯陈"[number % 10], ("一帆", "文博", "思远", "晓雨", "子涵")[number % 5]
    return Card(name=surname + given, number=body + check_character(body))


@dataclass
class HallWorld:
    """`calls`: what the client's observer saw."""

    sandbox: Sandbox
    hall: Hall
    clock: Clock
    client: PlatformClient
    identity: DeviceIdentity
    port: int
    calls: list[CallRecord]

    def shown(self, who: int = 1, request_id: str | None = None) -> SignedEvidence:
        """Evidence about citizen `who`, signed now."""
        return evidence_of(
            self.identity, card=citizen(who), at=self.clock.now, request_id=request_id or uuid.uuid4().hex
        )

    async def refused(self, operation: Ask[Q, A], question: Q) -> str:
        """The code with which the platform refuses."""
        return (await self.refusal(operation, question)).detail

    async def refusal(self, operation: Ask[Q, A], question: Q) -> PlatformError:
        with pytest.raises(PlatformError) as failed:
            await self.client.call(operation, question)
        assert failed.value.kind is PlatformFault.REFUSED
        return failed.value

    def everything_kept(self) -> str:
        """Every row of every table, as text."""
        tables = [row["name"] for row in self.hall.store.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(str(tuple(row)) for table in tables for row in self.hall.store.all(f"SELECT * FROM {table}"))


@contextlib.asynccontextmanager
async def opened(
    pki: SandboxPki, typecase: Typecase, topology: Topology = Topology.EXTRANET
) -> AsyncIterator[HallWorld]:
    clock = Clock()
    sandbox = Sandbox(pki, typecase, Options(topology, clock=clock))
    port = await sandbox.start("127.0.0.1", 0)
    calls: list[CallRecord] = []
    identity = identity_of(pki, TERMINAL)
    client = client_for(port, identity, observe=calls.append)
    try:
        yield HallWorld(sandbox, sandbox.hall, clock, client, identity, port, calls)
    finally:
        await client.close()
        await sandbox.stop()
