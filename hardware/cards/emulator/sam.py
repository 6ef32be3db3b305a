"""An emulated SDT reader without its line: commands in, answers out, a card that comes and goes, and what goes wrong.

`SamModule` behaves as the documents say. `EmulatedReader` adds a hand that lays cards and the faults of real readers,
lines and hands; what carries its frames is in `serial_line` and `usb_device`.
"""

import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hardware.cards import sdt_commands
from hardware.cards.emulator.switches import Switches
from hardware.cards.resident_number import check_character
from hardware.cards.sdt_frame import HEAD_BYTES, PREAMBLE, FrameFault, Status, encode
from hardware.cards.synthetic import PORTRAIT_BLOCK_BYTES, SyntheticCard

# The example of the protocol paper: 05.01-20101129-0001228293-0296863149.
DEFAULT_SAM_ID: Final = bytes.fromhex("0500010009B8320105BE1200ADC5B111")
OTHER_SAM_ID: Final = struct.pack("<HHIII", 5, 1, 20240229, 1, 1)
_LONG_AGO: Final = "20150601"
_LONGER_AGO: Final = "20050601"


@dataclass(slots=True)
class Faults(Switches):
    """What is wrong with the reader, the line, or the card in the hand. Set at any time. A driver asks for self-test
    and SAM number only when it opens the reader, so these two show after the cable was pulled."""

    self_test_failed: bool = False
    """The reader says that it is broken."""
    wrong_sam: bool = False
    """Another reader answers than the one that belongs here."""
    select_fails: bool = False
    """A card is found, but cannot be selected."""
    counterfeit: bool = False
    """A card is found, but the SAM does not accept it as genuine."""
    read_fails: bool = False
    """A card is selected, but its data cannot be read."""

    expired: bool = False
    """Every card's validity ended long ago."""
    wrong_check_character: bool = False
    """The check character of every number is wrong."""
    remove_during_read: bool = False
    """The card is lifted while its data is on the line: half of the answer comes. Happens once."""

    slow_s: float = 0.0
    """So long every answer takes before its first byte, besides the line."""
    silent: bool = False
    """Commands are taken and not answered."""
    corrupt_answers: int = 0
    """So many answers from now on have one bit turned."""
    garbage: bytes = b""
    """Comes before every answer on a serial line."""
    huge_lengths: bool = False
    """Every answer claims to be 65535 bytes long."""
    stalls: int = 0
    """So many answers from now on are a stall of the USB end points instead."""
    held: bool = False
    """The USB reader has its answers ready, and hands them out when this is over."""
    overtaken_s: float = 0.0
    """So late comes what is on the card that the USB reader reads next, in spite of a reset; answers to later questions
    come before it. Happens once."""
    new_after_reset: bool = False
    """The USB reader leaves the bus when it is reset, and is a new device on it."""
    short_packets: bool = False
    """The USB reader hands out its answers in packets of a few bytes."""

    SWITCHES: ClassVar[Mapping[str, tuple[str, object]]] = {
        "slow": ("slow_s", 0.5),
        "silence": ("silent", True),
        "corrupt-frame": ("corrupt_answers", 1_000_000),
        "garbage": ("garbage", b"\x00\xff\xaa\xaa\xaa\x96\xaa\xaa"),
        "huge-lengths": ("huge_lengths", True),
        "self-test": ("self_test_failed", True),
        "wrong-sam": ("wrong_sam", True),
        "pulled": ("remove_during_read", True),
        "no-select": ("select_fails", True),
        "no-read": ("read_fails", True),
        "counterfeit": ("counterfeit", True),
        "wrong-check-digit": ("wrong_check_character", True),
        "expired": ("expired", True),
    }


class SamModule:
    """The reader behind the line. A card is found until it is selected, then not again until it was lifted."""

    def __init__(self, sam_id: bytes, faults: Faults) -> None:
        self.sam_id = sam_id
        self._faults = faults
        self.card: SyntheticCard | None = None
        self._selected = False
        self._seen = False

    def insert(self, card: SyntheticCard) -> None:
        """Raises ValueError for a portrait that is not a whole block (`synthetic.portrait_block`)."""
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
                return _status(Status.OK) + (OTHER_SAM_ID if self._faults.wrong_sam else self.sam_id)
            case sdt_commands.FIND.body:
                return self._find()
            case sdt_commands.SELECT.body:
                return self._select()
            case sdt_commands.READ.body:
                return self._read()
            case sdt_commands.EXTRA_ADDRESS.body:
                return self._extra_address()
        return _status(Status.COMMAND_UNKNOWN)

    def _find(self) -> bytes:
        if self.card is None or self._seen:
            return _status(Status.FIND_FAILED)
        return _status(Status.FOUND) + bytes(4)

    def _select(self) -> bytes:
        if self.card is None or self._faults.select_fails:
            return _status(Status.SELECT_FAILED)
        if self._faults.counterfeit:
            return _status(Status.SAM_REJECTS_CARD)
        self._selected = self._seen = True
        return _status(Status.OK) + bytes(8)

    def _read(self) -> bytes:
        if self.card is None or not self._selected or self._faults.read_fails:
            return _status(Status.READ_FAILED)
        blocks = self._spoilt(self.card).text_block() + self.card.portrait
        return _status(Status.OK) + sdt_commands.TEXT_AND_PORTRAIT_LENGTHS + blocks

    def _extra_address(self) -> bytes:
        if self.card is None or not self._selected:
            return _status(Status.READ_FAILED)
        if not self.card.new_addresses:
            return _status(Status.NO_SUCH_ITEM)
        return _status(Status.OK) + self.card.extra_address_block()

    def _spoilt(self, card: SyntheticCard) -> SyntheticCard:
        if self._faults.expired:
            card = replace(card, valid_from=_LONGER_AGO, valid_until=_LONG_AGO)
        if self._faults.wrong_check_character and len(card.number) == 18:
            card = replace(card, number=card.number[:17] + check_character("0" + card.number[1:17]))
        return card


class EmulatedReader:
    """A SAM with a hand in front and faults inside; every method may be called from any thread."""

    def __init__(self, sam_id: bytes = DEFAULT_SAM_ID) -> None:
        self.faults = Faults()
        self._module = SamModule(sam_id, self.faults)
        self._access = threading.Lock()

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

    def power_cycle(self) -> None:
        """What a pulled cable does to it; a card that lies there is found anew."""
        with self._access:
            self._module.power_cycle()

    def respond(self, command: bytes | FrameFault) -> bytes:
        """The frame that answers one frame; empty for none."""
        with self._access:
            if self.faults.silent:
                return b""
            if isinstance(command, FrameFault):
                return encode(_status(Status.LENGTH_WRONG if command is FrameFault.LENGTH else Status.CHECKSUM_WRONG))
            frame = encode(self._module.answer(command))
            if self.faults.remove_during_read and command == sdt_commands.READ.body:
                self.faults.remove_during_read = False
                self._module.remove()
                frame = frame[: len(frame) // 2]
            if self.faults.corrupt_answers:
                self.faults.corrupt_answers -= 1
                frame = frame[:-1] + bytes([frame[-1] ^ 1])
            if self.faults.huge_lengths:
                frame = PREAMBLE + b"\xff\xff" + frame[HEAD_BYTES:]
            return frame


def _status(status: Status) -> bytes:
    return bytes([0, 0, status])
