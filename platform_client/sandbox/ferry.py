"""What carries messages where no socket may cross: store, wait, forward (C06).

Two shores, each with a box for what goes and a box for what came. A system is handed one shore and knows nothing of the
other: between a private network and the rest there is no connection, only bytes that were put down and picked up. The
security border of embodiments 2 and 3 works the same way, only faster.
"""

import asyncio
from dataclasses import dataclass, field

from platform_client.sandbox.trace import Tracer


@dataclass(frozen=True, slots=True, repr=False)
class Parcel:
    """`message_id` pairs an answer with its question. `head`: a document of exchange.xsd. `body` goes with it."""

    message_id: str
    request_id: str
    what: str
    head: bytes
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Parcel({self.what})"


@dataclass(slots=True)
class Crossing:
    """`delay_s`: from the box on one shore to the box on the other. May be changed at any time."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Shore:
    """One side. `here` and `there` are the systems on either side, for the trace."""

    here: str
    there: str
    crossing: Crossing
    tracer: Tracer
    arriving: "asyncio.Queue[Parcel]" = field(default_factory=asyncio.Queue)
    leaving: "asyncio.Queue[Parcel]" = field(default_factory=asyncio.Queue)

    def send(self, parcel: Parcel) -> None:
        """Puts it down; it is picked up on the other side after the crossing."""
        arrived = self.tracer.begin(parcel.request_id, self.here, self.there, parcel.what, there_and_back=False)

        def land() -> None:
            arrived("ok")
            self.leaving.put_nowait(parcel)

        asyncio.get_running_loop().call_later(self.crossing.delay_s, land)

    async def receive(self) -> Parcel:
        return await self.arriving.get()


def crossing(near: str, far: str, delay_s: float, tracer: Tracer) -> tuple[Crossing, Shore, Shore]:
    """The two shores between the systems `near` and `far`."""
    way = Crossing(delay_s)
    one = Shore(near, far, way, tracer)
    return way, one, Shore(far, near, way, tracer, arriving=one.leaving, leaving=one.arriving)


class Correspondence:
    """Questions sent from a shore, each waiting for the answer with its message id."""

    def __init__(self, shore: Shore) -> None:
        self._shore = shore
        self._waiting: dict[str, asyncio.Future[Parcel]] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def ask(self, parcel: Parcel) -> Parcel:
        """The answer to `parcel`. Whoever gives up waiting cancels this; a later answer is then thrown away."""
        answer: asyncio.Future[Parcel] = asyncio.get_running_loop().create_future()
        self._waiting[parcel.message_id] = answer
        self._idle.clear()
        self._shore.send(parcel)
        try:
            return await answer
        finally:
            del self._waiting[parcel.message_id]
            if not self._waiting:
                self._idle.set()

    async def quiet(self) -> None:
        """Until nobody waits for an answer."""
        await self._idle.wait()

    async def run(self) -> None:
        """Hands out what arrives, until cancelled."""
        while True:
            parcel = await self._shore.receive()
            waiting = self._waiting.get(parcel.message_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(parcel)
