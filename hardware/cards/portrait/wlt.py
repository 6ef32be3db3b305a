"""WLT, the closed portrait format of second-generation resident cards, by the reader maker's own library.

No decoder has been published. What makers ship is one C function that turns 1024 bytes into a picture of 102 x 126
pixels: `int unpack(char *src, char *dst, int bmpSave)`; with 1 it writes a Windows bitmap. Its return value means
something else with every maker, so only what it wrote is believed. It runs in `child` alone: such a library is
a stranger's code over a stranger's bytes.
"""

import ctypes
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

WLT_BYTES: Final = 1024
SIZE_PX: Final = (102, 126)
BITMAP_BYTES: Final = 54 + (102 * 3 + 2) * 126
# Some libraries write past the bitmap; better into this than into the heap.
_ROOM_BYTES: Final = 256 * 1024
_AS_BITMAP: Final = 1


class LibraryRefused(Exception):
    """It is not there, is not the one that was promised, or has no `unpack`."""


def load(path: Path, sha256: str) -> Callable[[bytes], bytes]:
    """The library as a function from WLT to a bitmap. Raises LibraryRefused.

    What is loaded is a copy in memory of the very bytes whose digest was checked.
    """
    try:
        library = path.read_bytes()
    except OSError as error:
        raise LibraryRefused(error.strerror) from None
    if hashlib.sha256(library).hexdigest() != sha256.lower():
        raise LibraryRefused("another file than the profile names")
    memory = os.memfd_create("wlt")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(library)
        unpack = ctypes.CDLL(f"/proc/self/fd/{memory}").unpack
    except (OSError, AttributeError):
        raise LibraryRefused("not a library with a function `unpack`") from None
    finally:
        os.close(memory)
    unpack.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int)
    unpack.restype = ctypes.c_int

    def decode(wlt: bytes) -> bytes:
        room = ctypes.create_string_buffer(_ROOM_BYTES)
        unpack(wlt, room, _AS_BITMAP)
        return room.raw[:BITMAP_BYTES]

    return decode
