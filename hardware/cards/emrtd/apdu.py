"""Command and response APDUs (ISO/IEC 7816-4, 5.1), short and extended, and the seam to whatever carries them.

The seam is one method, so a chip in the same process, one behind PC/SC and a test's recorder are all the same.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken

OK: Final = 0x9000
SHORT_LE_MAX: Final = 256
EXTENDED_LE_MAX: Final = 65536


class CardGone(Exception):
    """The chip was lifted, or its reader went away, while a command was on its way."""


class Apdu(Protocol):
    """A chip in the field of a reader."""

    def transmit(self, command: bytes, /) -> bytes:
        """Sends a command APDU, returns the response with its two status bytes. Raises CardGone."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `le`: how many bytes may come back, None for none; 256 and less are short."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def extended(self) -> bool:
        """It does not fit into the short form."""
        return len(self.data) > 255 or (self.le or 0) > SHORT_LE_MAX

    def encode(self) -> bytes:
        """The bytes, in the short form when they fit."""
        body = self.header
        if self.extended:
            body += b"\x00"
            if self.data:
                body += len(self.data).to_bytes(2, "big") + self.data
            return body if self.le is None else body + (self.le % EXTENDED_LE_MAX).to_bytes(2, "big")
        if self.data:
            body += bytes([len(self.data)]) + self.data
        return body if self.le is None else body + bytes([self.le % SHORT_LE_MAX])


def decode(raw: bytes) -> Command:
    """A command out of its bytes: the chip's side. Raises EmrtdError PROTOCOL."""
    if len(raw) < 4:
        raise broken("APDU: no header")
    cla, ins, p1, p2 = raw[:4]
    body = raw[4:]
    if not body:
        return Command(cla, ins, p1, p2)
    width, start = (2, 1) if body[0] == 0 and len(body) >= 3 else (1, 0)
    largest: int = EXTENDED_LE_MAX if width == 2 else SHORT_LE_MAX
    number, rest = int.from_bytes(body[start : start + width], "big"), body[start + width :]
    if not rest:
        return Command(cla, ins, p1, p2, le=number or largest)
    data, tail = rest[:number], rest[number:]
    if not number or len(data) != number or len(tail) not in (0, width):
        raise broken("APDU: Lc is wrong")
    return Command(cla, ins, p1, p2, data, (int.from_bytes(tail, "big") or largest) if tail else None)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. The data may be personal, so it is not shown."""

    data: bytes = field(repr=False)
    status: int

    @property
    def ok(self) -> bool:
        return self.status == OK

    def encode(self) -> bytes:
        """The chip's side."""
        return self.data + self.status.to_bytes(2, "big")


def send(card: Apdu, command: Command) -> Response:
    """One exchange in the clear. Raises EmrtdError GONE or PROTOCOL."""
    try:
        raw = card.transmit(command.encode())
    except CardGone:
        raise EmrtdError(EmrtdFault.GONE, f"at INS {command.ins:02X}") from None
    if not raw:
        raise EmrtdError(EmrtdFault.GONE, f"silence at INS {command.ins:02X}")
    if len(raw) < 2 or len(raw) > EXTENDED_LE_MAX + 2:
        raise broken("APDU: no status word")
    return Response(raw[:-2], int.from_bytes(raw[-2:], "big"))
