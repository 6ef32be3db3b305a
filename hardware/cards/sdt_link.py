"""The SDT protocol on an open transport: a command goes out, its answer comes back, whatever lies between them.

Answers do not repeat their command, and one that comes late must never be taken for another command's: it would show a
citizen the card of somebody else. So no command is sent while an answer is owed. Whoever stops waiting for one leaves
it to be taken by nobody; and when none came in time, it stopped half way, or one came that is none to its command, the
link is not used again. The next one listens first, until the line has been silent for longer than any command takes.

Errors of the transport are translated here and go no further.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Final

from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import Answer, Decoder, FrameFault, encode
from hardware.cards.transport import Line, Transport, TransportDamaged, TransportLost, TransportStuck

# Bytes of one frame follow each other within 0.1 ms at 115200 baud and 1.1 ms at 9600; USB adapters hold them back
# 16 ms. Silent for longer: cut off.
_GAP_S: Final = 0.3
_ENDLESS_S: Final = 10.0
_STATUS_BYTES: Final = 3


class LinkError(Exception):
    """An exchange failed; the text is for the log and free of personal data."""


class LinkLost(LinkError):
    """The line is gone or cannot be opened."""


class NoAnswer(LinkError):
    """The reader kept silent, or said what does not answer this command: the link cannot be used any more."""


class CutOff(NoAnswer):
    """An answer began and stopped half way."""


class DamagedAnswer(LinkError):
    """An answer came, but broken, and the line is silent again: asking again can help."""


class SdtLink:
    """A reader on an open transport. Only one exchange at a time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._owed = False
        self._exchange: asyncio.Task[Answer] | None = None

    @classmethod
    async def open(cls, line: Line, silent_s: float) -> "SdtLink":
        """Once nothing has come on the line for so long. Raises LinkError when it does not fall silent, there is no
        such reader, or another program has it."""
        async with AsyncExitStack() as stack:
            try:
                link = cls(await line.open())
                stack.push_async_callback(link.close)
                await link._hear_out(silent_s)
                stack.pop_all()
                return link
            except TransportLost as error:
                failure = str(error)
            raise LinkLost(failure)

    @property
    def owed(self) -> bool:
        """A command was sent and not answered: whatever comes may be the answer to it."""
        return self._owed

    async def close(self) -> None:
        """Frees the line; an exchange that waits ends as LinkLost."""
        await self._transport.close()
        await self._left()

    async def exchange(self, command: Command) -> Answer:
        """The reader's answer, good or bad, as `command.accepts` it. Raises LinkLost, NoAnswer, DamagedAnswer.

        May be cancelled: the next exchange begins when the answer to this one has come.
        """
        await self._left()
        if self._owed:
            raise LinkLost("an answer is owed on this line")
        self._exchange = asyncio.create_task(self._answer_to(command))
        return await asyncio.shield(self._exchange)

    async def _left(self) -> None:
        """Waits for the end of the exchange before, which nobody may have waited for."""
        if self._exchange is not None:
            await asyncio.wait({self._exchange})
            self._exchange.exception()

    async def _answer_to(self, command: Command) -> Answer:
        try:
            answer = await self._undamaged(command)
        except TransportLost as error:
            failure: LinkError = LinkLost(str(error))
        except DamagedAnswer as error:
            failure = await self._after_damage(error, _GAP_S)
        except TransportDamaged as error:
            failure = await self._after_damage(DamagedAnswer(f"{command.name}: {error}"), command.limit_s)
        else:
            self._owed = False
            return answer
        raise failure

    async def _after_damage(self, damage: DamagedAnswer, silent_s: float) -> LinkError:
        """What is left of the answer must not come in front of the next one."""
        try:
            await self._hear_out(silent_s)
        except TransportLost as error:
            return LinkLost(str(error))
        except LinkLost as error:
            return error
        self._owed = False
        return damage

    async def _hear_out(self, silent_s: float) -> None:
        """Drops what comes, until nothing came for so long. Raises LinkLost or TransportLost."""
        deadline = self._loop.time() + _ENDLESS_S
        while True:
            with suppress(TransportDamaged):
                if await self._next_chunk(silent_s) is None:
                    return
            if self._loop.time() > deadline:
                raise LinkLost("the line does not fall silent")

    async def _undamaged(self, command: Command) -> Answer:
        await self._send(encode(command.body))
        decoder = Decoder()
        deadline = self._loop.time() + command.limit_s
        while True:
            patience = deadline - self._loop.time()
            chunk = await self._next_chunk(min(patience, _GAP_S) if decoder.in_frame else patience)
            if chunk is None and decoder.in_frame:
                raise CutOff(f"{command.name}: the answer was cut off")
            if chunk is None:
                raise NoAnswer(f"{command.name}: no answer")
            frames = decoder.feed(chunk)
            for frame in frames:
                if isinstance(frame, FrameFault):
                    raise DamagedAnswer(f"{command.name}: {frame.value}")
                answer = _answer(frame)
                accepted = answer is not None and command.accepts(answer)
                if command.needs_card and (not accepted or len(frames) > 1 or decoder.in_frame):
                    raise NoAnswer(f"{command.name}: an answer came that nobody asked for")
                if answer is not None and accepted:
                    return answer

    async def _send(self, frame: bytes) -> None:
        self._owed = True
        try:
            await self._transport.send(frame)
        except TransportStuck:
            raise
        except TransportLost:
            self._owed = False  # the line was gone before the frame
            raise

    async def _next_chunk(self, limit_s: float) -> bytes | None:
        """The next bytes, or None when the time is over."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._transport.receive()
        except TimeoutError:
            return None


def _answer(body: bytes) -> Answer | None:
    """In every published answer SW1 and SW2 are zero; only SW3 is looked at. A body without a status is no answer."""
    if len(body) < _STATUS_BYTES:
        return None
    return Answer(body[_STATUS_BYTES - 1], body[_STATUS_BYTES:])
