"""The three data sources, asked at the same time (C05, C08: "no order").

Each has its own latency and may fail; the result does not depend on who answers first.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from platform_client.sandbox.records import RECORDS, Fact
from platform_client.sandbox.registry import Draw, Person

NAMES: Final = ("department", "provincial", "local")


class SourceDown(Exception):
    """A source did not answer; carries its name only."""


@dataclass(slots=True)
class Source:
    """One source. `latency_s` and `down` may be changed while the sandbox runs."""

    name: str
    latency_s: float = 0.05
    down: bool = False

    async def fetch(self, person: Person, kind: str) -> Fact:
        await asyncio.sleep(self.latency_s)
        if self.down:
            raise SourceDown(self.name)
        return RECORDS[kind][self.name](Draw(person))


@dataclass(frozen=True, slots=True)
class Span:
    """When a source was asked and when it answered, in seconds of the event loop's clock."""

    source: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts in the order of the page, and the spans that show the overlap."""

    facts: tuple[Fact, ...]
    spans: tuple[Span, ...]


async def gather(sources: tuple[Source, ...], person: Person, kind: str) -> Gathered:
    """Ask all `sources` at once. Raises SourceDown as soon as one fails; the others are then cancelled."""
    clock = asyncio.get_running_loop().time

    async def ask(source: Source) -> tuple[Fact, Span]:
        began = clock()
        fact = await source.fetch(person, kind)
        return fact, Span(source.name, began, clock())

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(source)) for source in sources]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    answers = [task.result() for task in tasks]
    return Gathered(tuple(fact for fact, _ in answers), tuple(span for _, span in answers))
