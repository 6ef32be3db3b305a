"""Room on the disk for the last words: what happens to the citizen who is being served when the disk fills up.

A file of zeros takes the room while it is not needed. When the disk is full it is given up, the session under way is
recorded to its end, and no other one begins until the room could be taken again.
"""

import os
from pathlib import Path
from typing import Final

BYTES: Final = 256 * 1024
"""Some eight hundred records; a session has about thirty."""


class Reserve:
    """The file `reserve` in the directory of the log."""

    def __init__(self, directory: Path, size: int = BYTES) -> None:
        self._path = directory / "reserve"
        self._size = size

    @property
    def held(self) -> bool:
        return self._path.exists()

    def take(self) -> bool:
        """Takes the room if it is not taken; False when there is none."""
        if self.held:
            return True
        making = self._path.with_suffix(".making")
        try:
            with making.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
                os.fsync(file.fileno())
            making.rename(self._path)
        except OSError:
            making.unlink(missing_ok=True)
            return False
        return True

    def give_up(self) -> None:
        """Frees the room for others: for records, that is, because nothing else may write here."""
        self._path.unlink(missing_ok=True)
