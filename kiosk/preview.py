"""The camera picture on its way to the screen: a ring of frames in shared memory, with one writer and one reader.

Vision writes, the user interface reads, neither waits for the other. The file lies on tmpfs, so a frame is never on a
disk, and the writer zeroes the ring when a check ends. Layout: one 64-bit sequence number, then `SLOTS` frames of
`HEIGHT`·`WIDTH`·3 bytes (RGB, top row first). The number is written after its frame; with three slots a reader has two
frame times to copy before the writer comes round to the same slot, and `latest` checks that it did not.
"""

import mmap
import os
from pathlib import Path
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 480
SLOTS: Final = 3
FRAME_BYTES: Final = WIDTH * HEIGHT * 3
_HEADER: Final = 8


class PreviewRing:
    """Three frames and a counter. `sequence` 0 means that there is nothing to show."""

    def __init__(self, ring: mmap.mmap) -> None:
        self._map = ring

    @classmethod
    def writing(cls, path: Path) -> "PreviewRing":
        """Opens a ring that `create` made. Raises FileNotFoundError, or ValueError for a file of another size."""
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), _HEADER + SLOTS * FRAME_BYTES))

    @classmethod
    def reading(cls, path: Path) -> "PreviewRing":
        """The same, for who may only look."""
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), _HEADER + SLOTS * FRAME_BYTES, access=mmap.ACCESS_READ))

    @classmethod
    def create(cls, path: Path) -> "PreviewRing":
        """Makes the file, zeroed, for this user to write and its group to read, and opens it."""
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o640)
        try:
            os.ftruncate(descriptor, _HEADER + SLOTS * FRAME_BYTES)
        finally:
            os.close(descriptor)
        return cls.writing(path)

    @property
    def sequence(self) -> int:
        return int.from_bytes(self._map[:_HEADER], "little")

    def write(self, rgb: bytes | memoryview) -> None:
        """Puts one frame (`FRAME_BYTES` bytes) after the last. Raises ValueError for another size."""
        if len(rgb) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(rgb)}")
        following = self.sequence + 1
        start = self._slot(following)
        self._map[start : start + FRAME_BYTES] = bytes(rgb)
        self._map[:_HEADER] = following.to_bytes(_HEADER, "little")

    def latest(self, after: int = 0) -> tuple[int, bytes] | None:
        """The newest frame and its number, or None if it is not newer than `after` or was overwritten while copied."""
        number = self.sequence
        if number == 0 or number == after:
            return None
        start = self._slot(number)
        frame = self._map[start : start + FRAME_BYTES]
        return (number, frame) if self.sequence - number < SLOTS - 1 else None

    def clear(self) -> None:
        """Forgets every frame: nothing of the citizen's face stays in memory."""
        self._map[:] = bytes(len(self._map))

    def close(self) -> None:
        self._map.close()

    @staticmethod
    def _slot(number: int) -> int:
        return _HEADER + (number % SLOTS) * FRAME_BYTES
