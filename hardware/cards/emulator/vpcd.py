"""An emulated chip in the field of an emulated PC/SC reader: the card's side of vsmartcard's vpcd.

Wire (vsmartcard, vpcd.c): u16 big endian length, then so many bytes. One byte from the reader is a signal (0 power off,
1 power on, 2 reset, 4 what is your ATR?), anything longer a command APDU; only the ATR and APDUs are answered.
vpcd writes length and body apart, which costs 44 ms between Nagle's algorithm and a delayed ACK, unless the card
acknowledges at once.
"""

import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Protocol

from hardware.cards.emrtd.apdu import CardGone
from hardware.cards.emulator.chip import ATR

_LENGTH: Final = struct.Struct(">H")
_ASK_ATR: Final = 4
_CONNECT_S: Final = 5.0


class Chip(Protocol):
    """What answers APDUs."""

    def reset(self) -> None:
        """The field came, went, or was reset: every channel is forgotten."""

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU. Raises CardGone when the card is lifted in the middle of it."""


class VirtualReader:
    """The place where emulated chips are laid; one at a time. `port`: where vpcd listens on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self, chip: Chip, atr: bytes = ATR) -> None:
        """Lays a chip. The service notices it at its next look (pcscd looks every 0.4 s)."""
        self.remove()
        line = socket.create_connection(("127.0.0.1", self._port), _CONNECT_S)
        line.settimeout(None)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line = line
        self._thread = threading.Thread(target=_serve, args=(line, chip, atr), name="emulated chip", daemon=True)
        self._thread.start()

    def remove(self) -> None:
        """Lifts it."""
        if self._line is None or self._thread is None:
            return
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._line = self._thread = None


def _serve(line: socket.socket, chip: Chip, atr: bytes) -> None:
    with line, suppress(OSError, EOFError, CardGone):
        while True:
            message = _receive(line)
            if len(message) > 1:
                _send(line, chip.transmit(message))
            elif message[0] == _ASK_ATR:
                _send(line, atr)
            else:
                chip.reset()


def _receive(line: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return _exactly(line, length)


def _exactly(line: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = line.recv(count - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)


def _send(line: socket.socket, answer: bytes) -> None:
    """A silent chip's empty answer is none."""
    if answer:
        line.sendall(_LENGTH.pack(len(answer)) + answer)
