"""An emulated SDT reader on a pseudo-terminal, for machines without one.

`SamModule` is the reader's behaviour: commands in, answers out, a card that comes and goes. `SamEmulator` puts it on
a line: a pty with the pace of 115200 baud, and the faults of real lines and readers. The driver cannot tell the
difference, which is the point. The port is a symbolic link to the current pty, as udev gives a USB reader one steady
name: unplugging removes the link and hangs up the line, plugging in makes a new pty.
"""

import os
import select
import struct
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardware.cards import sdt_commands
from hardware.cards.sdt_frame import Decoder, FrameFault, Status, encode
from hardware.cards.synthetic import PORTRAIT_BLOCK_BYTES, SyntheticCard

# The example of the protocol paper: 05.01-20101129-0001228293-0296863149.
DEFAULT_SAM_ID: Final = bytes.fromhex("0500010009B8320105BE1200ADC5B111")
OTHER_SAM_ID: Final = struct.pack("<HHIII", 5, 1, 20240229, 1, 1)
_BITS_PER_BYTE: Final = 10
_WRITE_BYTES: Final = 64
_READ_BYTES: Final = 4096


@dataclass(slots=True)
class Faults:
    """What is wrong with the reader, the line, or the hand that holds the card. Set at any time."""

    self_test_failed: bool = False
    """The reader says that it is broken."""
    select_fails: bool = False
    """A card is found, but cannot be selected."""
    read_fails: bool = False
    """A card is selected, but its data cannot be read."""

    corrupt_answers: int = 0
    """So many answers from now on have one bit turned."""
    silent: bool = False
    """Commands are taken and not answered."""
    garbage: bytes = b""
    """Comes before every answer."""
    remove_during_read: bool = False
    """The card is lifted while its data is on the line: half of the answer comes. Happens once."""


class SamModule:
    """The reader behind the line. A card is found until it is selected, then not again until it was lifted."""

    def __init__(self, sam_id: bytes, faults: Faults) -> None:
        self.sam_id = sam_id
        self._faults = faults
        self.card: SyntheticCard | None = None
        self._selected = False
        self._seen = False

    def insert(self, card: SyntheticCard) -> None:
        if len(card.portrait) != PORTRAIT_BLOCK_BYTES:
            raise ValueError(f"a card has a portrait block of {PORTRAIT_BLOCK_BYTES} bytes, not {len(card.portrait)}")
        self.card, self._selected, self._seen = card, False, False

    def remove(self) -> None:
        self.card, self._selected, self._seen = None, False, False

    def power_cycle(self) -> None:
        """The reader forgets; a card that still lies there is new to it."""
        self._selected = self._seen = False

    def answer(self, command: bytes) -> bytes:
        """The body of the answer to the body of a command."""
        match command[:2]:
            case sdt_commands.SELF_TEST.body if self._faults.self_test_failed:
                return _status(Status.SELF_TEST_FAILED)
            case sdt_commands.SELF_TEST.body:
                return _status(Status.OK)
            case sdt_commands.SAM_ID.body:
                return _status(Status.OK) + self.sam_id
            case sdt_commands.FIND.body:
                return self._find()
            case sdt_commands.SELECT.body:
                return self._select()
            case sdt_commands.READ.body:
                return self._read()
            case sdt_commands.EXTRA_ADDRESS.body:
                return _status(Status.NO_SUCH_ITEM if self._selected else Status.READ_FAILED)
        return _status(Status.COMMAND_UNKNOWN)

    def _find(self) -> bytes:
        if self.card is None or self._seen:
            return _status(Status.FIND_FAILED)
        return _status(Status.FOUND) + bytes(4)

    def _select(self) -> bytes:
        if self.card is None or self._faults.select_fails:
            return _status(Status.SELECT_FAILED)
        self._selected = self._seen = True
        return _status(Status.OK) + bytes(8)

    def _read(self) -> bytes:
        if self.card is None or not self._selected or self._faults.read_fails:
            return _status(Status.READ_FAILED)
        blocks = self.card.text_block() + self.card.portrait
        return _status(Status.OK) + sdt_commands.TEXT_AND_PORTRAIT_LENGTHS + blocks


class SamEmulator:
    """An emulated reader, plugged in from the start. Its own thread speaks; every method may be called from any thread.

    `path`: where the port appears; its folder must exist. `baud`: the pace of the answers, None for as fast as
    possible.
    """

    def __init__(self, path: Path, *, sam_id: bytes = DEFAULT_SAM_ID, baud: int | None = 115200) -> None:
        self.path = path
        self.faults = Faults()
        self._module = SamModule(sam_id, self.faults)
        self._baud = baud
        self._access = threading.Lock()
        self._line: _Line | None = None
        self.plug()

    def insert(self, card: SyntheticCard) -> None:
        """Lays a card on the reader. Raises ValueError for a portrait that is not a whole block (`portrait_block`)."""
        with self._access:
            self._module.insert(card)

    def remove(self) -> None:
        """Lifts the card."""
        with self._access:
            self._module.remove()

    def replace_sam(self, sam_id: bytes) -> None:
        """As if somebody exchanged the reader; do it while it is unplugged."""
        with self._access:
            self._module.sam_id = sam_id

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
        with self._access:
            self._module.power_cycle()
        self._line = _Line(self._respond, self._baud)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self._line.port)

    def close(self) -> None:
        """The same as pulling the cable for good."""
        self.unplug()

    def _respond(self, command: bytes | FrameFault) -> bytes:
        """All bytes that go back for one frame."""
        with self._access:
            if self.faults.silent:
                return b""
            if isinstance(command, FrameFault):
                wrong = Status.LENGTH_WRONG if command is FrameFault.LENGTH else Status.CHECKSUM_WRONG
                return self.faults.garbage + encode(_status(wrong))
            frame = encode(self._module.answer(command))
            if self.faults.remove_during_read and command == sdt_commands.READ.body:
                self.faults.remove_during_read = False
                self._module.remove()
                frame = frame[: len(frame) // 2]
            if self.faults.corrupt_answers:
                self.faults.corrupt_answers -= 1
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
            return self.faults.garbage + frame


class _Line(threading.Thread):
    """One pty while it is plugged in: takes frames, writes answers at the pace of the line."""

    def __init__(self, respond: Callable[[bytes | FrameFault], bytes], baud: int | None) -> None:
        super().__init__(name="emulated card reader", daemon=True)
        self._respond = respond
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
                    self._write(self._respond(command))

    def _write(self, answer: bytes) -> None:
        for start in range(0, len(answer), _WRITE_BYTES):
            piece = answer[start : start + _WRITE_BYTES]
            if self._baud is not None and self._unplugged.wait(len(piece) * _BITS_PER_BYTE / self._baud):
                return
            with suppress(BlockingIOError):
                os.write(self._reader_end, piece)


def _status(status: Status) -> bytes:
    return bytes([0, 0, status])
