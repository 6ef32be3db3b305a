"""Reading the files of the eMRTD application (Doc 9303-10, 3.6): select, look at the length, read in pieces.

Extended length carries some kilobytes at a time instead of 223 bytes, but neither every chip nor every reader has it.
A chip that refuses it politely is read on in short pieces; one that ends its session over it must be opened anew
(`ExtendedLengthRefused`).
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from hardware.cards.emrtd import tlv
from hardware.cards.emrtd.apdu import Command, Response
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken
from hardware.cards.emrtd.messaging import SessionEnded

MAX_FILE_BYTES: Final = 128 * 1024
EXTENDED_PIECE: Final = 4096
# With padding, status and MAC these fill the 256 bytes of a short answer; beyond _FAR another header is around it.
SHORT_PIECE: Final = 0xDF
_SHORT_FAR_PIECE: Final = 0xCF
MAX_PIECES: Final = 1024
_HEAD_BYTES: Final = 8
_SHORTEST_FILE: Final = 2
_NOT_FOUND: Final = 0x6A82
_END_OF_FILE: Final = 0x6282
# From here on the offset does not fit into P1-P2 and goes into a data object (ISO/IEC 7816-4, 11.3.3).
_FAR: Final = 0x8000
_DO_OFFSET: Final = 0x54
_DO_CONTENTS: Final = 0x53
_FAR_OVERHEAD: Final = 8


class FileId(IntEnum):
    """Elementary files with their identifiers (Doc 9303-10, table 37)."""

    CARD_ACCESS = 0x011C
    COM = 0x011E
    SOD = 0x011D
    DG1 = 0x0101
    DG2 = 0x0102
    DG11 = 0x010B
    DG12 = 0x010C
    DG14 = 0x010E
    DG15 = 0x010F


class ExtendedLengthRefused(EmrtdError):
    """The chip ended the session when it was asked for a long piece."""

    def __init__(self) -> None:
        super().__init__(EmrtdFault.PROTOCOL, "extended length is not for this chip")


class Files:
    """The files behind `send`, which is a plain or a protected exchange."""

    def __init__(self, send: Callable[[Command], Response], piece: int) -> None:
        self._send = send
        self._piece = piece

    def read(self, file: FileId) -> bytes | None:
        """A whole file by the length in its own header, None when there is none. Raises EmrtdError."""
        selected = self._send(select(file))
        if selected.status == _NOT_FOUND:
            return None
        if not selected.ok:
            raise broken(f"SELECT {file.name}: {selected.status:04X}")
        contents = bytearray(self._piece_at(file, 0, _HEAD_BYTES))
        if len(contents) < _SHORTEST_FILE:
            raise broken(f"{file.name}: no header")
        _, start, length = tlv.header(bytes(contents))
        size = start + length
        if size > MAX_FILE_BYTES:
            raise broken(f"{file.name}: says it has {size} bytes")
        for _ in range(MAX_PIECES):
            if len(contents) >= size:
                return bytes(contents[:size])
            contents += self._piece_at(file, len(contents), min(self._piece, size - len(contents)))
        raise broken(f"{file.name}: comes in too many pieces")

    def _piece_at(self, file: FileId, offset: int, size: int) -> bytes:
        if offset >= _FAR and self._piece == SHORT_PIECE:
            size = min(size, _SHORT_FAR_PIECE)
        command = _read_near(offset, size) if offset < _FAR else _read_far(offset, size)
        try:
            answer = self._send(command)
        except SessionEnded:
            if self._piece == EXTENDED_PIECE and size > SHORT_PIECE:
                raise ExtendedLengthRefused from None
            raise
        if answer.status not in (0x9000, _END_OF_FILE):
            if size <= SHORT_PIECE:
                raise broken(f"READ BINARY {file.name} at {offset}: {answer.status:04X}")
            self._piece = SHORT_PIECE
            return self._piece_at(file, offset, SHORT_PIECE)
        data = answer.data if offset < _FAR else tlv.only(answer.data, _DO_CONTENTS)
        if not 0 < len(data) <= size:
            raise broken(f"READ BINARY {file.name} at {offset}: {len(data)} bytes for {size}")
        return data


def select(file: FileId) -> Command:
    """SELECT without an expected answer: some chips refuse one that has Le."""
    return Command(0x00, 0xA4, 0x02, 0x0C, file.to_bytes(2, "big"))


def _read_near(offset: int, size: int) -> Command:
    return Command(0x00, 0xB0, offset >> 8, offset & 0xFF, le=size)


def _read_far(offset: int, size: int) -> Command:
    return Command(0x00, 0xB1, 0x00, 0x00, tlv.encode(_DO_OFFSET, offset.to_bytes(3, "big")), le=size + _FAR_OVERHEAD)
