"""The presence port: the vision process, asked for a live person with the portrait's face.

When the process dies in the middle of a check, the check begins anew with the process that replaces it: the citizen
only sees that the prompt starts over.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Final

from hardware.cards.reading import Portrait
from kiosk.channel import Channel
from kiosk.clock import Clock, within
from kiosk.messages import (
    Alive,
    Compares,
    Guard,
    Guidance,
    HowMuch,
    Look,
    Matched,
    Message,
    NotProven,
    Onlooker,
    ProvePresence,
    Seen,
    StopPresence,
    TryLiveness,
)
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch, NoProof

# A replaced vision process has to import its models again.
COMES_BACK_S: Final = 20.0
LIVES: Final = 3
# A check ends by itself well before this; a process that feeds its watchdog and never concludes must not hold anybody.
VERDICT_S: Final = 90.0


class VisionPort:
    """The desk's `Presence`, spoken over a socket to the vision process."""

    def __init__(self, clock: Clock, *, validated_only: bool, shoulder_guard: bool = True) -> None:
        """`validated_only`: a match by a model that is not validated for the people here is none. `shoulder_guard`: the
        camera may look for onlookers, too."""
        self._clock = clock
        self._validated_only = validated_only
        self._shoulder_guard = shoulder_guard
        self._ids = count(1)
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self.compares: Compares | None = None
        """The model that compares faces, as the last vision process said."""
        self._channel = Channel("vision", on_message=self._heard, on_lost=lambda: self._inbox.put_nowait(None))

    @property
    def connected(self) -> bool:
        """The vision process is there."""
        return self._channel.connected.is_set()

    async def open(self, socket: Path) -> None:
        await self._channel.listen(socket)

    async def close(self) -> None:
        await self._channel.close()

    def _heard(self, message: Message) -> None:
        if isinstance(message, Compares):
            self.compares = message
        else:
            self._inbox.put_nowait(message)

    async def prove(self, portrait: Portrait) -> AsyncGenerator[Guidance | LiveMatch, None]:
        """Guidance, last of all the match. Raises Refused with a face reason; CAMERA_LOST when vision stays away or
        does not come to a verdict."""
        deadline = self._clock.monotonic() + VERDICT_S
        for _ in range(LIVES):
            try:
                await within(self._clock, COMES_BACK_S, self._channel.connected.wait())
            except TimeoutError:
                break
            check = next(self._ids)
            self._forget_the_past()
            wish = ProvePresence(check, portrait.data, portrait.encoding, self._validated_only)
            if not self._channel.send(wish):
                continue
            try:
                while (message := await self._before(deadline)) is not None:
                    match message:
                        case Guidance(id=number) if number == check:
                            yield message
                        case Matched(id=number) if number == check:
                            yield self._witnessed(message)
                            return
                        case NotProven(id=number) if number == check:
                            raise Refused(message.reason, message.detail)
            finally:
                self._channel.send(StopPresence(check))
        raise Refused(Reason.CAMERA_LOST, "the vision process is gone")

    async def onlookers(self) -> AsyncGenerator[bool, None]:
        """Whether somebody is close behind the citizen, as soon as eyes can tell and whenever it changes; new eyes tell
        it again. Without any it tells nothing: it guards a screen, and nobody's paper waits for it."""
        while self._shoulder_guard:
            await self._channel.connected.wait()
            guard = next(self._ids)
            self._forget_the_past()
            if not self._channel.send(Guard(guard)):
                continue
            try:
                while (message := await self._inbox.get()) is not None:
                    if isinstance(message, Onlooker) and message.id == guard:
                        yield message.near
            finally:
                self._channel.send(StopPresence(guard))

    async def look(self) -> AsyncGenerator[Seen, None]:
        """For staff: how the camera's picture is, until it is left. Raises Refused with CAMERA_LOST."""
        async with aclosing(self._for_staff(Look(next(self._ids)))) as saying:
            async for said in saying:
                if isinstance(said, Seen):
                    yield said

    async def try_liveness(self) -> AsyncGenerator[Guidance | Alive, None]:
        """For staff: the gestures of a check, with nobody's portrait. Raises Refused with a face reason."""
        async with aclosing(self._for_staff(TryLiveness(next(self._ids)))) as saying:
            async for said in saying:
                if isinstance(said, Guidance | Alive):
                    yield said
                if isinstance(said, Alive):
                    return

    async def _for_staff(self, wish: Look | TryLiveness) -> AsyncGenerator[Message, None]:
        """What vision says about `wish`. It is not asked twice: staff want to see that a process dies."""
        deadline = self._clock.monotonic() + VERDICT_S
        try:
            await within(self._clock, COMES_BACK_S, self._channel.connected.wait())
        except TimeoutError:
            raise Refused(Reason.CAMERA_LOST, "the vision process is gone") from None
        self._forget_the_past()
        self._channel.send(wish)
        try:
            while (message := await self._before(deadline)) is not None:
                match message:
                    case NotProven(id=wish.id):
                        raise Refused(message.reason, message.detail)
                    case Seen(id=wish.id) | Guidance(id=wish.id) | Alive(id=wish.id):
                        yield message
            raise Refused(Reason.CAMERA_LOST, "the vision process died")
        finally:
            self._channel.send(StopPresence(wish.id))

    def dismiss(self) -> None:
        """The process ends, and a fresh one follows."""
        self._channel.dismiss()

    def how_much(self, message: HowMuch) -> None:
        """The process logs."""
        self._channel.how_much(message)

    async def _before(self, deadline: float) -> Message | None:
        """The next message, or None when the process has died."""
        try:
            return await within(self._clock, deadline - self._clock.monotonic(), self._inbox.get())
        except TimeoutError:
            raise Refused(Reason.CAMERA_LOST, "the vision process came to no verdict") from None

    def _witnessed(self, message: Matched) -> LiveMatch:
        # Vision was told so; whoever accepts a match still asks.
        if self._validated_only and not message.validated:
            raise Refused(Reason.FACE_NOT_OFFERED, f"{message.model} is not validated for {message.population}")
        try:
            return LiveMatch.from_vision(message)
        except NoProof as error:
            raise Refused(Reason.FACE_NOT_LIVE, str(error)) from None

    def _forget_the_past(self) -> None:
        """What was said, and which process died, before this check began."""
        while not self._inbox.empty():
            self._inbox.get_nowait()
