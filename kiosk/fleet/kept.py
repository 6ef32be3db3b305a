"""One thing that must be remembered over a power cut: a file that is replaced whole, or not at all.

So a file that cannot be read was spoilt by somebody else. What then stands for it is the owner's to say: for most, that
nothing was begun. And a file that is not there was never written, or was lost: an owner who can tell says that, too.
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
    """Of this `kind`, in this file. `spoilt`, `missing`: what stands for one that cannot be read, or is not there."""

    def __init__(
        self,
        path: Path,
        kind: type[Thing],
        spoilt: Callable[[], Thing | None] = lambda: None,
        missing: Callable[[], Thing | None] = lambda: None,
    ) -> None:
        self._path = path
        self._kind = kind
        self._spoilt = spoilt
        self._missing = missing

    def read(self) -> Thing | None:
        """None: nothing is kept. Raises OSError when the disk cannot keep what stands for it."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=self._kind)
        except FileNotFoundError:
            instead = self._missing()
        except (ValueError, msgspec.DecodeError):
            log.error("%s cannot be read", self._path)
            instead = self._spoilt()
            if instead is None:
                self.forget()
        if instead is not None:
            self.keep(instead)
        return instead

    def keep(self, thing: Thing) -> None:
        """Raises OSError when the disk cannot."""
        durable.replace(self._path, msgspec.json.encode(thing))

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
        durable.settle(self._path.parent)
