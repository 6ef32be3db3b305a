"""The SDT protocol on an open transport: a command goes out, its answer comes back, whatever lies between them.

Errors of the transport are translated here and go no further.
"""

import asyncio
from typing import Final

from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import Answer, Decoder, FrameFault, encode
from hardware.cards.transport import Line, Transport, TransportDamaged, TransportLost

# Bytes of one frame follow each other within 0.1 ms at 115200 baud and 1.1 ms at 9600; USB adapters hold them back
# 16 ms. Silent for longer: cut off.
_GAP_S: Final = 0.3
_STATUS_BYTES: Final = 3


class LinkError(Exception):
    """An exchange failed; the text is for the log and free of personal data."""


class LinkLost(LinkError):
    """The line is gone or cannot be opened."""


class NoAnswer(LinkError):
    """The reader kept silent, or said nothing that answers this command."""


class DamagedAnswer(LinkError):
    """An answer came, but broken or cut off: asking again can help."""


class SdtLink:
    """A reader on an open transport. Only one exchange at a time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, line: Line) -> "SdtLink":
        """Raises LinkLost when there is no such reader, or another program has it."""
        failure = ""
        try:
            return cls(await line.open())
        except TransportLost as error:
            failure = str(error)
        raise LinkLost(failure)

    async def close(self) -> None:
        """Frees the line; an exchange that waits ends as LinkLost."""
        await self._transport.close()

    async def exchange(self, command: Command) -> Answer:
        """The reader's answer, good or bad, as `command.accepts` it. Raises LinkLost, NoAnswer, DamagedAnswer."""
        try:
            return await self._exchange(command)
        except TransportLost as error:
            failure: LinkError = LinkLost(str(error))
        except TransportDamaged as error:
            failure = DamagedAnswer(f"{command.name}: {error}")
        raise failure

    async def _exchange(self, command: Command) -> Answer:
        await self._transport.send(encode(command.body))
        decoder = Decoder()
        deadline = self._loop.time() + command.limit_s
        while True:
            patience = deadline - self._loop.time()
            chunk = await self._next_chunk(min(patience, _GAP_S) if decoder.in_frame else patience)
            if chunk is None and decoder.in_frame:
                raise DamagedAnswer(f"{command.name}: the answer was cut off")
            if chunk is None:
                raise NoAnswer(f"{command.name}: no answer")
            for complete in decoder.feed(chunk):
                if isinstance(complete, FrameFault):
                    raise DamagedAnswer(f"{command.name}: {complete.value}")
                answer = _answer(complete)
                if answer is not None and command.accepts(answer):
                    return answer

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
