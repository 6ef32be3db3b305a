"""One serial line to an SDT reader on the event loop: a command goes out, its answer comes back.

pyserial opens and configures the port (115200 8N1, exclusive); from then on the loop itself watches the file
descriptor, so nothing blocks, no thread is needed and an exchange can be cancelled at any point. Errors of pyserial
and the kernel are translated here and go no further.
"""

import asyncio
import os
from typing import Final

import serial

from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import Answer, Decoder, FrameFault, encode

BAUD: Final = 115200
# Bytes of one frame follow each other within 0.1 ms; USB adapters hold them back 16 ms. Silent for longer: cut off.
_GAP_S: Final = 0.3
_CHUNK_BYTES: Final = 4096
_STATUS_BYTES: Final = 3


class LinkError(Exception):
    """An exchange failed; the text is for the log and free of personal data."""


class LinkLost(LinkError):
    """The port is gone or cannot be opened."""


class NoAnswer(LinkError):
    """The reader kept silent, or said nothing that answers this command."""


class DamagedAnswer(LinkError):
    """An answer came, but broken or cut off: asking again can help."""


class SdtLink:
    """An open line. Only one exchange at a time."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._lost = False
        self._loop.add_reader(port.fileno(), self._receive)

    @classmethod
    async def open(cls, path: str) -> "SdtLink":
        """Raises LinkLost when there is no such port, or another program has it."""
        return cls(await asyncio.to_thread(_open_port, path))

    def close(self) -> None:
        """Frees the port; an exchange that waits ends as LinkLost."""
        if not self._port.is_open:
            return
        self._hang_up()
        self._port.close()

    async def exchange(self, command: Command) -> Answer:
        """The reader's answer, good or bad, as `command.accepts` it. Raises LinkLost, NoAnswer, DamagedAnswer."""
        while not self._chunks.empty():
            self._chunks.get_nowait()
        self._send(encode(command.body))
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

    def _send(self, frame: bytes) -> None:
        written = 0
        if not self._lost:
            try:
                written = os.write(self._port.fileno(), frame)
            except OSError:
                self._hang_up()
        if written != len(frame):
            raise LinkLost("the port does not take a command")

    async def _next_chunk(self, limit_s: float) -> bytes | None:
        """The next bytes, or None when the time is over. Raises LinkLost."""
        chunk = None
        try:
            async with asyncio.timeout(limit_s):
                chunk = await self._chunks.get()
        except TimeoutError:
            return None
        if self._lost:
            raise LinkLost("the port is gone")
        return chunk

    def _receive(self) -> None:
        try:
            chunk = os.read(self._port.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if chunk:
            self._chunks.put_nowait(chunk)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._lost:
            return
        self._lost = True
        self._loop.remove_reader(self._port.fileno())
        self._chunks.put_nowait(b"")


def _open_port(path: str) -> serial.Serial:
    failure = ""
    try:
        return serial.Serial(path, BAUD, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        failure = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
    raise LinkLost(f"cannot open {path}: {failure}")


def _answer(body: bytes) -> Answer | None:
    """In every published answer SW1 and SW2 are zero; only SW3 is looked at. A body without a status is no answer."""
    if len(body) < _STATUS_BYTES:
        return None
    return Answer(body[_STATUS_BYTES - 1], body[_STATUS_BYTES:])
