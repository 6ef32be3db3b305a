"""What crosses the pipe between `port` and `child`: a picture, or the name of what is wrong. Sizes are checked by both.

Nothing but numbers comes back, so a decoder that was taken over can put no words into a log.
"""

import struct
from enum import IntEnum
from typing import Final

BYTES_MOST: Final = 512 * 1024
SIDE_LEAST_PX: Final = 64
SIDE_MOST_PX: Final = 2048
HEADER: Final = struct.Struct("<BII")
ANSWER_BYTES_MOST: Final = HEADER.size + 3 * SIDE_MOST_PX * SIDE_MOST_PX


class PortraitFault(IntEnum):
    """Why there is no picture."""

    SIZE = 1
    """More or fewer bytes than any portrait has."""
    ENCODING_UNKNOWN = 2
    DAMAGED = 3
    DIMENSIONS = 4
    """More or fewer pixels than any portrait has."""
    NO_WLT_DECODER = 5
    """A real resident card, and the reader maker's library is not installed."""
    WLT_DECODER_REFUSED = 6
    """The library is missing, is not the one the profile names, or has no such function."""
    DECODER_CRASHED = 7
    DECODER_TIMED_OUT = 8


_PICTURE: Final = 0


def picture(width: int, height: int, rgb: bytes) -> bytes:
    """The answer of a decoder that succeeded."""
    return HEADER.pack(_PICTURE, width, height) + rgb


def fault(fault: PortraitFault, width: int = 0, height: int = 0) -> bytes:
    """The answer of one that did not."""
    return HEADER.pack(fault, width, height)


def parse(answer: bytes) -> tuple[PortraitFault | None, int, int, bytes]:
    """(None, width, height, rgb), or (fault, width, height, b""). Raises ValueError for anything else."""
    if len(answer) < HEADER.size:
        raise ValueError("no answer")
    verdict, width, height = HEADER.unpack_from(answer)
    rgb = answer[HEADER.size :]
    if verdict == _PICTURE:
        if not right_dimensions(width, height) or len(rgb) != 3 * width * height:
            raise ValueError("a picture of another size than it says")
        return None, width, height, rgb
    if rgb:
        raise ValueError("a fault with a picture")
    return PortraitFault(verdict), width, height, b""


def right_dimensions(width: int, height: int) -> bool:
    """Could it be a portrait?"""
    return min(width, height) >= SIDE_LEAST_PX and max(width, height) <= SIDE_MOST_PX
