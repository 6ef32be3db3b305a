"""A serial line on the event loop.

pyserial opens and configures the port (8N1, exclusive); from then on the loop itself watches the file descriptor, so
nothing blocks, no thread is needed and waiting can be cancelled at any point.
"""

import asyncio
import os
import termios
from dataclasses import dataclass
from typing import Final

import serial

from hardware.cards.sdt_frame import PREAMBLE
from hardware.cards.transport import TransportLost, TransportStuck

DEFAULT_BAUD: Final = 115200
# The rates of command 60 (set baud), fastest first.
BAUDS: Final = (115200, 57600, 38400, 19200, 9600)
_CHUNK_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class SerialLine:
    """A serial port by its path; a USB adapter should have a steady name from udev."""

    path: str
    baud: int = DEFAULT_BAUD

    @property
    def address(self) -> str:
        return self.path

    async def open(self) -> "SerialTransport":
        return SerialTransport(await asyncio.to_thread(self._port))

    def _port(self) -> serial.Serial:
        failure = ""
        try:
            return serial.Serial(self.path, self.baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            failure = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        except termios.error as error:  # pulled out while it was opened: pyserial lets these through
            failure = str(error.args[-1])
        raise TransportLost(f"cannot open {self.path}: {failure}")


class SerialTransport:
    """An open port."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._lost = False
        self._loop.add_reader(port.fileno(), self._readable)

    async def send(self, frame: bytes) -> None:
        unasked = b""
        while not self._chunks.empty():
            unasked += self._chunks.get_nowait()
        if self._lost:
            raise TransportLost("the port is gone")
        if PREAMBLE in unasked:
            raise TransportStuck("an answer came that nobody asked for")
        written = 0
        try:
            written = os.write(self._port.fileno(), frame)
        except OSError:
            self._hang_up()
        if written != len(frame):
            raise TransportStuck("the port does not take a command")

    async def receive(self) -> bytes:
        chunk = await self._chunks.get()
        if self._lost:
            raise TransportLost("the port is gone")
        return chunk

    async def close(self) -> None:
        if not self._port.is_open:
            return
        self._hang_up()
        self._port.close()

    def _readable(self) -> None:
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
