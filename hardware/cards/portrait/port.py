"""Asking for a portrait to be decoded: one process per portrait, watched by the clock, its answer checked."""

import os
import selectors
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
    """Decodes JPEG, JPEG 2000 and WebP; WLT only with the maker's library."""

    def __init__(self, wlt: WltLibrary | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._wlt = wlt
        self._timeout_s = timeout_s

    def decode(self, portrait: Portrait) -> Picture:
        """Takes about 0.2 s, most of it the start of a process. Raises PortraitError; never anything else for any
        bytes, nor for anything the library does."""
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
        words: list[str] = [portrait.encoding]
        if self._wlt is not None and portrait.encoding == "wlt":
            words += [os.fspath(self._wlt.path), self._wlt.sha256]
        # A file in memory, not a pipe: no decoder can make us wait while we write.
        with os.fdopen(os.memfd_create("portrait"), "w+b", buffering=0) as question:
            question.write(portrait.data)
            question.seek(0)
            child = subprocess.Popen(
                [sys.executable, "-m", "hardware.cards.portrait.child", *words],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.fspath(_PACKAGES)},
                cwd="/",
            )
        assert child.stdout is not None
        try:
            return _all(child.stdout, time.monotonic() + self._timeout_s)
        except TimeoutError:
            raise _error(PortraitFault.DECODER_TIMED_OUT, portrait) from None
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


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
