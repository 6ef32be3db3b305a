"""A ticket printer to develop and test against: ESC/POS on a pseudo-terminal or a TCP port, with a roll, a cover and a
cable, and each slip as a picture in a folder.

It keeps to what Epson's reference says of the commands the driver uses: status is answered at once, also over an empty
roll or an open cover; everything else waits in its memory until it can be printed, `GS r` included; `DLE DC4` function
8 empties that memory. Bytes it does not know are an error in the driver, and end the emulator loudly.
"""

import asyncio
import contextlib
import os
import tty
from pathlib import Path
from typing import Final

from PIL import Image

from hardware.tickets.escpos_printer import CLEAR_MEMORY

_FIXED: Final = 0x12
_STATUS: Final = b"\x10\x04"
_NEEDS_MORE: Final = -1


class UnknownCommand(Exception):
    """The driver sent what no command of this printer begins with."""


class EmulatedTicketPrinter:
    """A printer that lays 001.png, 002.png, … into `tray`. `roll_lines`: so many lines of dots are left on its roll."""

    def __init__(self, tray: Path, roll_lines: int = 400_000) -> None:
        tray.mkdir(parents=True, exist_ok=True)
        self._tray = tray
        self.roll_lines = roll_lines
        self.cover_is_open = False
        self.is_silent = False
        self.cover_opens_within_next_slip = False
        self.fault: UnknownCommand | None = None
        self._memory = b""
        self._rows: list[Image.Image] = []

    # --- what a hand can do to it ------------------------------------------------------------------------------------

    def take_roll_out(self) -> None:
        self.roll_lines = 0

    def put_roll_in(self, lines: int = 400_000) -> bytes:
        """What waited in the memory goes on; what it answers then."""
        self.roll_lines = lines
        self._rows = []  # the end of the old roll goes with it
        return self._work()

    def slips(self) -> list[Path]:
        """What has come out, oldest first."""
        return sorted(self._tray.glob("*.png"))

    # --- its line ----------------------------------------------------------------------------------------------------

    def hear(self, said: bytes) -> bytes:
        """Takes bytes, gives the answer."""
        if self.is_silent:
            return b""
        answer = b""
        if self._blocked:
            # Real-time commands are carried out although nothing else is.
            while (at := said.find(_STATUS)) >= 0 and at + 2 < len(said):
                answer += self._status(said[at + 2])
                said = said[:at] + said[at + 3 :]
            if CLEAR_MEMORY in said:
                said = said.partition(CLEAR_MEMORY)[2]
                self._memory = b""
        self._memory += said
        return answer + self._work()

    @property
    def _blocked(self) -> bool:
        return self.cover_is_open or self.roll_lines <= 0

    def _status(self, which: int) -> bytes:
        if which == 1:
            return bytes([_FIXED | (0x08 if self._blocked else 0)])
        if which == 2:
            return bytes([_FIXED | (0x04 if self.cover_is_open else 0) | (0x20 if self.roll_lines <= 0 else 0)])
        near = 0x0C if self.roll_lines < 20_000 else 0
        return bytes([_FIXED | near | (0x60 if self.roll_lines <= 0 else 0)])

    def _work(self) -> bytes:
        answer = b""
        while self._memory and not self._blocked:
            used, said = self._command(self._memory)
            if used == _NEEDS_MORE:
                break
            self._memory = self._memory[used:]
            answer += said
        return answer

    def _command(self, memory: bytes) -> tuple[int, bytes]:
        """How many bytes the first command takes, and what it answers."""
        if memory.startswith(_STATUS):
            return (3, self._status(memory[2])) if len(memory) > 2 else (_NEEDS_MORE, b"")
        if memory.startswith(CLEAR_MEMORY[:2]):
            return (len(CLEAR_MEMORY), b"") if len(memory) >= len(CLEAR_MEMORY) else (_NEEDS_MORE, b"")
        if memory[:2] == b"\x1b@":
            return 2, b""
        if memory[:2] == b"\x1bd":
            return (3, b"") if len(memory) > 2 else (_NEEDS_MORE, b"")
        if memory[:2] == b"\x1dr":
            return (3, bytes([0x03 if self.roll_lines < 20_000 else 0])) if len(memory) > 2 else (_NEEDS_MORE, b"")
        if memory[:2] == b"\x1dV":
            self._cut()
            return (3 if len(memory) > 2 and memory[2] < 2 else 4), b""
        if memory[:3] == b"\x1dv0":
            return self._raster(memory), b""
        if len(memory) < 3:
            return _NEEDS_MORE, b""
        self.fault = UnknownCommand(memory[:3].hex(" "))
        raise self.fault

    def _raster(self, memory: bytes) -> int:
        if len(memory) < 8:
            return _NEEDS_MORE
        width, height = int.from_bytes(memory[4:6], "little"), int.from_bytes(memory[6:8], "little")
        size = width * height
        if len(memory) < 8 + size:
            return _NEEDS_MORE
        if self.cover_opens_within_next_slip:
            self.cover_opens_within_next_slip, self.cover_is_open = False, True
            self._rows.append(_dots(memory[8 : 8 + width * (height // 2)], width))
            return _NEEDS_MORE
        # A roll that ends within the picture ends the paper there; the rest waits.
        if height > self.roll_lines:
            self.roll_lines = 0
            return _NEEDS_MORE
        self.roll_lines -= height
        self._rows.append(_dots(memory[8 : 8 + size], width))
        return 8 + size

    def _cut(self) -> None:
        if not self._rows:
            return
        slip = Image.new("1", (max(row.width for row in self._rows), sum(row.height for row in self._rows)), 1)
        top = 0
        for row in self._rows:
            slip.paste(row, (0, top))
            top += row.height
        self._rows = []
        coming = self._tray / f"{len(self.slips()) + 1:03}.part"
        slip.save(coming, "PNG")
        coming.rename(coming.with_suffix(".png"))


def _dots(raster: bytes, width: int) -> Image.Image:
    """Lines of `width` bytes, black where a bit is set."""
    return Image.frombytes("1", (width * 8, len(raster) // width), bytes(byte ^ 0xFF for byte in raster))


class SerialTicketLine:
    """The emulated printer on a pseudo-terminal whose name is `path`."""

    def __init__(self, printer: EmulatedTicketPrinter, path: Path) -> None:
        self._printer = printer
        self._path = path
        self._ends: tuple[int, int] | None = None

    @property
    def uri(self) -> str:
        return f"escpos://{self._path}"

    def plug(self) -> None:
        """Within a running loop."""
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ends = ours, theirs
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(theirs))
        asyncio.get_running_loop().add_reader(ours, self._heard, ours)

    def unplug(self) -> None:
        if self._ends is None:
            return
        asyncio.get_running_loop().remove_reader(self._ends[0])
        self._path.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = None

    def put_roll_in(self) -> None:
        """A new roll: what waited is printed, and what it was asked is answered."""
        if self._ends is not None:
            self._answer(self._ends[0], self._printer.put_roll_in())

    def _heard(self, ours: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._answer(ours, self._printer.hear(os.read(ours, 65536)))

    @staticmethod
    def _answer(ours: int, answer: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(ours, answer)


class TcpTicketLine:
    """The emulated printer on a TCP port of loopback, as an Ethernet model has it."""

    def __init__(self, printer: EmulatedTicketPrinter, port: int) -> None:
        self._printer = printer
        self._port = port
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.StreamWriter] = set()

    @property
    def uri(self) -> str:
        return f"escpos+tcp://127.0.0.1:{self._port}"

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._call, "127.0.0.1", self._port)

    async def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            for caller in self._callers:
                caller.transport.abort()
            self._server = None

    async def put_roll_in(self) -> None:
        """As on the serial line."""
        answer = self._printer.put_roll_in()
        for caller in self._callers:
            caller.write(answer)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.add(writer)
        try:
            while said := await reader.read(65536):
                writer.write(self._printer.hear(said))
        except OSError:
            pass
        finally:
            self._callers.discard(writer)
            writer.close()
