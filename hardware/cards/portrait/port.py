"""Asking for a portrait to be decoded: one process per portrait, watched by the clock, its answer checked.

The process may be started before there is a portrait (`stand_by`): it then waits, confined, for the one it will see.
"""

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from hardware.cards.portrait import answer
from hardware.cards.portrait.answer import ANSWER_BYTES_MOST, BYTES_MOST, PortraitFault
from hardware.cards.reading import NotPicklable, Portrait

TIMEOUT_S: Final = 8.0
_PACKAGES: Final = Path(__file__).parents[3]
_PIECE_BYTES: Final = 1 << 16


class PortraitError(Exception):
    """No picture, for a named reason. The text holds nothing personal."""

    def __init__(self, fault: PortraitFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class WltLibrary:
    """The reader maker's decoder: the file, and its SHA-256 in hexadecimal."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True, repr=False)
class Picture(NotPicklable):
    """`rgb`: height x width x 3 bytes, row by row."""

    width: int
    height: int
    rgb: bytes

    def __repr__(self) -> str:
        return f"Picture({self.width}x{self.height})"


class PortraitDecoder:
    """Decodes JPEG, JPEG 2000 and WebP; WLT only with the maker's library. One thread at a time."""

    def __init__(self, wlt: WltLibrary | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._wlt = wlt
        self._timeout_s = timeout_s
        self._standing_by: _Child | None = None

    def stand_by(self) -> None:
        """Starts the process of the next portrait, so that its citizen does not wait for it. It knows of nobody."""
        if self._standing_by is None:
            self._standing_by = _Child(self._wlt)

    def close(self) -> None:
        """Ends the process that stands by, if there is one."""
        if self._standing_by is not None:
            self._standing_by.end()
            self._standing_by = None

    def decode(self, portrait: Portrait) -> Picture:
        """Takes about 0.2 s, most of it the start of a process if none stands by. Raises PortraitError; never anything
        else for any bytes, nor for anything the library does."""
        if portrait.encoding == "wlt" and self._wlt is None:
            raise _error(PortraitFault.NO_WLT_DECODER, portrait)
        if not 0 < len(portrait.data) <= BYTES_MOST:
            raise _error(PortraitFault.SIZE, portrait)
        try:
            fault, width, height, rgb = answer.parse(self._ask(portrait))
        except ValueError:
            raise _error(PortraitFault.DECODER_CRASHED, portrait) from None
        if fault is not None:
            raise _error(fault, portrait, width, height)
        return Picture(width, height, rgb)

    def _ask(self, portrait: Portrait) -> bytes:
        child, self._standing_by = self._standing_by, None
        if child is None or not child.waiting:
            child = _Child(self._wlt)
        try:
            return child.ask(portrait, time.monotonic() + self._timeout_s)
        except TimeoutError:
            raise _error(PortraitFault.DECODER_TIMED_OUT, portrait) from None
        finally:
            child.end()


class _Child:
    """One process for one portrait. It ends when it has answered, and when whoever started it is gone."""

    def __init__(self, wlt: WltLibrary | None) -> None:
        words = [] if wlt is None else [os.fspath(wlt.path), wlt.sha256]
        self._line, far_end = socket.socketpair()
        with far_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hardware.cards.portrait.child", *words],
                stdin=far_end.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.fspath(_PACKAGES)},
                cwd="/",
            )

    @property
    def waiting(self) -> bool:
        return self._process.poll() is None

    def ask(self, portrait: Portrait, deadline_s: float) -> bytes:
        """Whatever it answers. Raises TimeoutError."""
        assert self._process.stdout is not None
        # A file in memory, not the line: no decoder can make us wait while we write.
        with os.fdopen(os.memfd_create("portrait"), "w+b", buffering=0) as question:
            question.write(portrait.data)
            question.seek(0)
            with contextlib.suppress(OSError):  # it has ended: what it has answered, if anything, says why
                socket.send_fds(self._line, [portrait.encoding.encode()], [question.fileno()])
        return _all(self._process.stdout, deadline_s)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._line.close()


def _all(stream: IO[bytes], deadline_s: float) -> bytes:
    """Everything until the end, within time and the size of the largest picture. Raises TimeoutError."""
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(received) <= ANSWER_BYTES_MOST:
            if not selector.select(max(0.0, deadline_s - time.monotonic())):
                raise TimeoutError
            piece = os.read(stream.fileno(), _PIECE_BYTES)
            if not piece:
                break
            received += piece
    return bytes(received)


def _error(fault: PortraitFault, portrait: Portrait, width: int = 0, height: int = 0) -> PortraitError:
    says = {
        PortraitFault.SIZE: f"portrait of {len(portrait.data)} bytes",
        PortraitFault.ENCODING_UNKNOWN: "portrait of an unknown encoding",
        PortraitFault.DAMAGED: f"damaged {portrait.encoding} portrait",
        PortraitFault.DIMENSIONS: f"portrait of {width} x {height} pixels",
        PortraitFault.NO_WLT_DECODER: "no decoder for WLT portraits",
        PortraitFault.WLT_DECODER_REFUSED: "the decoder for WLT portraits is not the one the profile names",
        PortraitFault.DECODER_CRASHED: "the portrait's decoder ended without a picture",
        PortraitFault.DECODER_TIMED_OUT: "the portrait's decoder took too long",
    }
    return PortraitError(fault, says[fault])
