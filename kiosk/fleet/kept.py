"""One thing that must be remembered over a power cut: a file that is replaced whole, or not at all.

So a file that cannot be read was spoilt by somebody else. What then stands for it is the owner's to say: for most, that
nothing was begun.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

Thing = TypeVar("Thing", bound=Struct)


class Kept(Generic[Thing]):
    """Of this `kind`, in this file. `spoilt`: what stands for a file that cannot be read."""

    def __init__(self, path: Path, kind: type[Thing], spoilt: Callable[[], Thing | None] = lambda: None) -> None:
        self._path = path
        self._kind = kind
        self._spoilt = spoilt

    def read(self) -> Thing | None:
        """None: nothing is kept."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=self._kind)
        except FileNotFoundError:
            return None
        except (ValueError, msgspec.DecodeError):
            log.error("%s cannot be read", self._path)
            instead = self._spoilt()
            if instead is None:
                self.forget()
            else:
                self.keep(instead)
            return instead

    def keep(self, thing: Thing) -> None:
        """Raises OSError when the disk cannot."""
        coming = self._path.with_suffix(".new")
        with coming.open("wb") as file:
            file.write(msgspec.json.encode(thing))
            file.flush()
            os.fsync(file.fileno())
        coming.rename(self._path)
        self._settle()

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        self._settle()

    def _settle(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
