"""One thing that must be remembered over a power cut: a file that is replaced whole, or not at all.

So a file that cannot be read was spoilt by somebody else. What then stands for it is the owner's to say: for most, that
nothing was begun.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from kiosk import durable

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
        durable.replace(self._path, msgspec.json.encode(thing))

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        durable.settle(self._path.parent)
