"""An emulated SDT reader on a pseudo-terminal, with the pace of 115200 baud.

The driver cannot tell the difference, which is the point. The port is a symbolic link to the current pty, as udev
gives a USB adapter one steady name: unplugging removes the link and hangs up the line, plugging in makes a new pty.
"""

import os
import select
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Final

from hardware.cards.emulator.sam import DEFAULT_SAM_ID, EmulatedReader
from hardware.cards.sdt_frame import Decoder

_BITS_PER_BYTE: Final = 10
_WRITE_BYTES: Final = 64
_READ_BYTES: Final = 4096


class SamEmulator(EmulatedReader):
    """An emulated reader, plugged in from the start. Its own thread speaks; every method may be called from any thread.

    `path`: where the port appears; its folder must exist. `baud`: the pace of the answers, None for as fast as
    possible.
    """

    def __init__(self, path: Path, *, sam_id: bytes = DEFAULT_SAM_ID, baud: int | None = 115200) -> None:
        super().__init__(sam_id)
        self.path = path
        self._baud = baud
        self._line: _Line | None = None
        self.plug()

    def unplug(self) -> None:
        """Pulls the cable: the port disappears and whoever has it open sees a hang-up."""
        if self._line is None:
            return
        self.path.unlink(missing_ok=True)
        self._line.stop()
        self._line = None

    def plug(self) -> None:
        """Puts the cable back; a card that lies on the reader is found anew."""
        if self._line is not None:
            return
        self.power_cycle()
        self._line = _Line(self, self._baud)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self._line.port)

    def close(self) -> None:
        """The same as pulling the cable for good."""
        self.unplug()


class _Line(threading.Thread):
    """One pty while it is plugged in: takes frames, writes answers at the pace of the line."""

    def __init__(self, reader: EmulatedReader, baud: int | None) -> None:
        super().__init__(name="emulated card reader", daemon=True)
        self._reader = reader
        self._baud = baud
        # Both ends stay open, so that the kiosk may close and open the port without a hang-up on our side.
        self._reader_end, self._kiosk_end = os.openpty()
        tty.setraw(self._kiosk_end)
        # Bytes that nobody takes are lost, as on a real line, instead of stopping the reader.
        os.set_blocking(self._reader_end, False)
        self.port = os.ttyname(self._kiosk_end)
        self._unplugged = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self.start()

    def stop(self) -> None:
        """Ends the thread, then closes the pty, so that no descriptor is closed under a running system call."""
        self._unplugged.set()
        os.write(self._wake_write, b"!")
        self.join()
        for descriptor in (self._reader_end, self._kiosk_end, self._wake_read, self._wake_write):
            os.close(descriptor)

    def run(self) -> None:
        decoder = Decoder()
        while not self._unplugged.is_set():
            readable, _, _ = select.select([self._reader_end, self._wake_read], [], [])
            if self._reader_end in readable:
                for command in decoder.feed(os.read(self._reader_end, _READ_BYTES)):
                    if answer := self._reader.respond(command):
                        self._write(self._reader.faults.garbage + answer)

    def _write(self, answer: bytes) -> None:
        if self._unplugged.wait(self._reader.faults.slow_s):
            return
        began = time.monotonic()
        for start in range(0, len(answer), _WRITE_BYTES):
            piece = answer[start : start + _WRITE_BYTES]
            if self._baud is not None:
                # Against the clock, not piece by piece: what one wait is late must not add up.
                due = began + (start + len(piece)) * _BITS_PER_BYTE / self._baud
                if self._unplugged.wait(max(0.0, due - time.monotonic())):
                    return
            with suppress(BlockingIOError):
                os.write(self._reader_end, piece)
