"""Frames of the SDT serial protocol, spoken by every reader of Chinese second-generation cards (SAM module, GA 450).

    AA AA AA 96 69 | length, 2 bytes big-endian | body | xor

The length counts body and xor byte; the xor byte makes length, body and itself xor to zero. A request's body is
command, parameter, data; an answer's is SW1 SW2 SW3, data. Pure: bytes in, bodies out, no port.

One xor byte lets one damage in 256 pass, so whoever takes a frame also checks that it has the shape it waits for
(`sdt_commands`).
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import reduce
from operator import xor
from typing import Final

PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
HEAD_BYTES: Final = len(PREAMBLE) + 2
# From a bare command to the longest answer there is: status, three lengths, text, portrait, two fingerprints, xor.
_SHORTEST: Final = 2 + 1
LONGEST_LENGTH: Final = 3 + 6 + 256 + 1024 + 1024 + 1


class Status(IntEnum):
    """SW3: what the reader says about a command."""

    CHECKSUM_WRONG = 0x10
    LENGTH_WRONG = 0x11
    COMMAND_UNKNOWN = 0x21
    NOT_PERMITTED = 0x23
    UNKNOWN_ERROR = 0x24
    CARD_REJECTS_SAM = 0x31
    SAM_REJECTS_CARD = 0x32
    VERIFY_FAILED = 0x33
    CARD_TYPE_WRONG = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    UNAUTHORISED = 0x66
    FIND_FAILED = 0x80
    SELECT_FAILED = 0x81
    OK = 0x90
    NO_SUCH_ITEM = 0x91
    FOUND = 0x9F


class FrameFault(Enum):
    """A preamble was there, but what followed is no frame."""

    LENGTH = "length out of bounds"
    CHECKSUM = "wrong checksum"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reader's answer. `status` is a plain number, for not all are documented; `data` is not shown."""

    status: int
    data: bytes = field(repr=False)

    @property
    def status_name(self) -> str:
        return Status(self.status).name if self.status in Status.__members__.values() else f"SW3 {self.status:02X}"


def encode(body: bytes) -> bytes:
    """The frame around a body. Raises ValueError for a body that no frame can carry."""
    if not _SHORTEST <= len(body) + 1 <= LONGEST_LENGTH:
        raise ValueError(f"a frame cannot carry {len(body)} bytes")
    checked = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + checked + bytes([reduce(xor, checked)])


class Decoder:
    """Takes bytes as they come, gives bodies and faults in order, and finds the next preamble after any rubbish."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def in_frame(self) -> bool:
        """A preamble has come and its frame is not complete."""
        return self._buffer.startswith(PREAMBLE)

    def feed(self, chunk: bytes) -> list[bytes | FrameFault]:
        """What the bytes so far complete: the body of each good frame, a fault for each broken one."""
        self._buffer += chunk
        complete: list[bytes | FrameFault] = []
        while self._synchronise():
            length = int.from_bytes(self._buffer[len(PREAMBLE) : HEAD_BYTES], "big")
            if not _SHORTEST <= length <= LONGEST_LENGTH:
                complete.append(FrameFault.LENGTH)
                del self._buffer[0]
            elif len(self._buffer) < HEAD_BYTES + length:
                break
            elif reduce(xor, self._buffer[len(PREAMBLE) : HEAD_BYTES + length]):
                complete.append(FrameFault.CHECKSUM)
                del self._buffer[0]
            else:
                complete.append(bytes(self._buffer[HEAD_BYTES : HEAD_BYTES + length - 1]))
                del self._buffer[: HEAD_BYTES + length]
        return complete

    def _synchronise(self) -> bool:
        """Drops what precedes a preamble; true when a head can be read."""
        start = self._buffer.find(PREAMBLE)
        if start < 0:
            del self._buffer[: max(0, len(self._buffer) - len(PREAMBLE) + 1)]
            return False
        del self._buffer[:start]
        return len(self._buffer) >= HEAD_BYTES
