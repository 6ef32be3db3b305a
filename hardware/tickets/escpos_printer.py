"""A ticket printer that speaks ESC/POS (Epson's command set, spoken by most makers), through python-escpos.

Two things the library does not know: it takes a printer that says nothing for one with plenty of paper, so the status
bytes are asked for and read here; and it cannot tell when a slip is out. `GS r` can: the printer answers it in its
turn, after everything sent before it, and real-time status (`DLE EOT`) at once. A slip that stops half way is cleared
from the printer's memory (`DLE DC4`, function 8), as soon as the printer answers again, and what had come out of it is
cut off as soon as it prints again: neither rest nor beginning may come out with the next one's.
"""

import asyncio
import contextlib
import socket
import termios
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import serial
import usb.core
from escpos.escpos import Escpos
from escpos.exceptions import Error as EscposError
from PIL import Image

from hardware.tickets.port import TicketCondition, TicketError, TicketTrouble
from hardware.tickets.slip import Slip, raster

ANSWER_WITHIN_S: Final = 0.5
SLIP_WITHIN_S: Final = 10.0
WRITTEN_WITHIN_S: Final = 30.0
"""At 115200 baud half a metre of slip takes some ten seconds. Sockets and USB have limits of their own."""
PRINTER_STATUS: Final = b"\x10\x04\x01"
OFFLINE_STATUS: Final = b"\x10\x04\x02"
PAPER_STATUS: Final = b"\x10\x04\x04"
PAPER_SENSOR_IN_TURN: Final = b"\x1dr\x01"
CLEAR_MEMORY: Final = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
INITIALISE: Final = b"\x1b@"
_OFFLINE: Final = 0x08
_COVER_OPEN: Final = 0x04
_PAPER_END: Final = 0x60
_PAPER_NEAR_END: Final = 0x0C

_LINE_FAULTS: Final = (OSError, termios.error, EscposError, serial.SerialException, usb.core.USBError)
_T = TypeVar("_T")


class EscposPrinter:
    """`connect` opens the line (see `ticket_uri`); `width_dots` is what the head can print, `font` what it is drawn
    with. The line is opened when it is needed, and again after a fault."""

    def __init__(self, connect: Callable[[], Escpos], width_dots: int, font: Path) -> None:
        self._connect = connect
        self._width_dots = width_dots
        self._font = font
        self._line: Escpos | None = None
        self._is_unfinished = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tickets")

    async def condition(self) -> TicketCondition:
        """See `TicketPrinter.condition`."""
        return await self._run(self._condition)

    async def print(self, slip: Slip) -> None:
        """See `TicketPrinter.print`."""
        await self._run(lambda: self._print(raster(slip, self._width_dots, self._font)))

    async def close(self) -> None:
        """See `TicketPrinter.close`."""
        await self._run(self._hang_up)
        self._thread.shutdown(wait=False)

    async def _run(self, task: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, task)

    # On the thread.

    def _condition(self) -> TicketCondition:
        try:
            line = self._opened()
            if self._is_unfinished:
                line._raw(CLEAR_MEMORY)
            status = self._asked(line, PRINTER_STATUS)
            paper = self._asked(line, PAPER_STATUS)
            if status is None or paper is None:
                return TicketCondition(TicketTrouble.OFFLINE)
            low = bool(paper & _PAPER_NEAR_END)
            if paper & _PAPER_END:
                return TicketCondition(TicketTrouble.PAPER_EMPTY, paper_is_low=True)
            if status & _OFFLINE:
                cause = self._asked(line, OFFLINE_STATUS) or 0
                return TicketCondition(TicketTrouble.COVER_OPEN if cause & _COVER_OPEN else TicketTrouble.OTHER, low)
            if self._is_unfinished:
                line.cut()
                self._is_unfinished = False
            return TicketCondition(None, low)
        except _LINE_FAULTS:
            self._hang_up()
            return TicketCondition(TicketTrouble.OFFLINE)

    def _print(self, picture: Image.Image) -> None:
        before = self._condition().trouble
        if before is not None:
            raise TicketError(before, "the ticket printer says that it cannot print")
        try:
            line = self._opened()
            self._is_unfinished = True
            line._raw(INITIALISE)
            line.image(picture, impl="bitImageRaster")
            line.cut()
            if self._asked(line, PAPER_SENSOR_IN_TURN, SLIP_WITHIN_S) is not None:
                self._is_unfinished = False
                return
        except _LINE_FAULTS:
            self._hang_up()
            raise TicketError(TicketTrouble.OFFLINE, "the line broke while a slip was printed") from None
        raise TicketError(self._condition().trouble or TicketTrouble.OTHER, "the slip did not come out whole")

    def _opened(self) -> Escpos:
        if self._line is None:
            line = self._connect()
            line.open()
            if isinstance(line.device, serial.Serial):
                line.device.write_timeout = WRITTEN_WITHIN_S  # it would wait for ever for one that takes no more
            self._line = line
        return self._line

    def _asked(self, line: Any, question: bytes, within_s: float = ANSWER_WITHIN_S) -> int | None:
        """One status byte, or None; what the printer said before is not the answer."""
        while _read(line, 0.0):
            pass
        line._raw(question)
        answer = _read(line, within_s)
        return answer[0] if answer else None

    def _hang_up(self) -> None:
        line: Any = self._line
        self._line = None
        if line is None:
            return
        with contextlib.suppress(*_LINE_FAULTS):
            if isinstance(line.device, serial.Serial):
                line.device.close()  # the library's own close waits for a line that may be gone
            else:
                line.close()
        line._device = None


def _read(line: Any, within_s: float) -> bytes:
    """What comes first, or nothing in this time. python-escpos would wait for sixteen bytes on a serial line."""
    match line.device:
        case serial.Serial() as port:
            port.timeout = within_s
            answer: bytes = port.read(1)
        case socket.socket() as call:
            call.settimeout(within_s)
            try:
                answer = call.recv(1)
            except (TimeoutError, BlockingIOError):
                return b""
            if not answer:
                raise ConnectionResetError("the printer has closed the connection")
        case _:
            line.timeout = max(1, round(within_s * 1000))
            try:
                answer = bytes(line._read())
            except usb.core.USBTimeoutError:
                return b""
    return answer
