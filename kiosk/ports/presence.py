"""The presence port: the vision process, asked for a live person with the portrait's face.

When the process dies in the middle of a check, the check begins anew with the process that replaces it: the citizen
only sees that the prompt starts over.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Final

from hardware.cards.reading import Portrait
from kiosk.channel import Channel
from kiosk.clock import Clock, within
from kiosk.messages import Guidance, Matched, Message, NotProven, ProvePresence, StopPresence
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch, NoProof

# A replaced vision process has to import its models again.
COMES_BACK_S: Final = 20.0
LIVES: Final = 3


class VisionPort:
    """The desk's `Presence`, spoken over a socket to the vision process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = count(1)
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._channel = Channel(
            "vision", on_message=self._inbox.put_nowait, on_lost=lambda: self._inbox.put_nowait(None)
        )

    async def open(self, socket: Path) -> None:
        await self._channel.listen(socket)

    async def close(self) -> None:
        await self._channel.close()

    async def prove(self, portrait: Portrait) -> AsyncIterator[Guidance | LiveMatch]:
        """Guidance, last of all the match. Raises Refused with a face reason; CAMERA_LOST when vision stays away."""
        for _ in range(LIVES):
            try:
                await within(self._clock, COMES_BACK_S, self._channel.connected.wait())
            except TimeoutError:
                break
            check = next(self._ids)
            try:
                self._channel.send(ProvePresence(check, portrait.data, portrait.encoding))
                while (message := await self._inbox.get()) is not None:
                    match message:
                        case Guidance(id=number) if number == check:
                            yield message
                        case Matched(id=number) if number == check:
                            yield _witnessed(message)
                            return
                        case NotProven(id=number) if number == check:
                            raise Refused(message.reason, message.detail)
            finally:
                self._channel.send(StopPresence(check))
        raise Refused(Reason.CAMERA_LOST, "the vision process is gone")


def _witnessed(message: Matched) -> LiveMatch:
    try:
        return LiveMatch.from_vision(message)
    except NoProof as error:
        raise Refused(Reason.FACE_NOT_LIVE, str(error)) from None
