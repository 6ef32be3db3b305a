"""The three data sources: what each holds about one person, and how each may fail (C05, C08: "no order").

A source is asked for one kind of certificate about one person and answers with its entries. It says in its answer which
request it answers, whom it is about and when it looked, so that whoever asked can tell a late, old or foreign answer
from theirs. How question and answer travel is not its business: two sources listen (`listen`), the third is reached by
ferry (fronts.py).
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from aiohttp import web

from platform_client.sandbox.exchange import Entry, SourceAnswer, SourceQuery, read, written
from platform_client.sandbox.glitches import Swap, drip, hang_up, truncate
from platform_client.sandbox.records import Fact
from platform_client.sandbox.registry import Person
from platform_client.sandbox.system import System
from platform_client.sandbox.topology import LOCAL, PROVINCIAL

PRIVATE: Final = "private"
NAMES: Final = (PRIVATE, PROVINCIAL, LOCAL)
"""In the order in which their entries stand on the page."""

Register = Callable[[str, Person], tuple[Fact, ...]]
"""Kind and person to the facts a source holds."""


class SourceFault(Enum):
    """The value is the word used on the switch."""

    DOWN = "down"
    DROP = "drop"
    """The connection ends, or the ferry's answer is lost."""
    DRIP = "drip"
    TRUNCATE = "truncate"
    SWAP = "swap"
    """Two questions in flight get each other's answer."""
    STALE = "stale"
    """Looked up yesterday."""
    WRONG_SCHEMA = "wrong-schema"


class SourceDown(Exception):
    """The source does not answer questions now."""


@dataclass(slots=True)
class Source:
    """`latency_s` and `fault` may be changed while the sandbox runs; `seconds`: how long DRIP takes and SWAP waits."""

    name: str
    register: Register
    clock: Callable[[], datetime]
    latency_s: float = 0.05
    fault: SourceFault | None = None
    seconds: float = 30.0
    further_s: Callable[[str], float] = lambda kind: 0.0
    """What a kind of certificate adds to the latency."""
    swap: Swap = field(default_factory=Swap)

    async def answer(self, document: bytes) -> bytes:
        """The answer to a SourceQuery, an exchange.xsd document as the question is. Raises SourceDown or WireError."""
        query = read(document, SourceQuery)
        await asyncio.sleep(self.latency_s + self.further_s(query.kind))
        if self.fault is SourceFault.DOWN:
            raise SourceDown(self.name)
        answer = written(self._looked_up(query))
        match self.fault:
            case SourceFault.SWAP:
                return await self.swap.other(self.name, answer, self.seconds)
            case SourceFault.WRONG_SCHEMA:
                return answer.replace(b"Source>", b"Origin>")
            case _:
                return answer

    def _looked_up(self, query: SourceQuery) -> SourceAnswer:
        person = Person(query.name, query.number)
        age = timedelta(days=1 if self.fault is SourceFault.STALE else 0)
        return SourceAnswer(
            query.request_id,
            self.name,
            subject_of(query),
            f"{(self.clock() - age).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            tuple(
                Entry(fact.label.zh, fact.label.en, fact.value.zh, fact.value.en)
                for fact in self.register(query.kind, person)
            ),
        )


def subject_of(query: SourceQuery) -> str:
    """Whom a question is about, in a form that ties the answer to it and shows nobody."""
    return hashlib.sha256("\0".join((query.request_id, query.number, query.name)).encode()).hexdigest()


def listen(source: Source, system: System, callers: frozenset[str]) -> None:
    """Let `source` answer over HTTP at `/query`, with its faults of the wire."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = web.Response(body=await source.answer(await request.read()), content_type="application/xml")
        except SourceDown:
            return web.Response(status=503)
        match source.fault:
            case SourceFault.DROP:
                return hang_up(request)
            case SourceFault.DRIP:
                return await drip(request, response, source.seconds)
            case SourceFault.TRUNCATE:
                return await truncate(request, response)
            case _:
                return response

    system.answer("/query", callers, answer)
