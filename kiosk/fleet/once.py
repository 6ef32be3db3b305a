"""Commands by their ids, remembered over power cuts, so that each acts once.

So many are remembered; what is older than the oldest of them is done no more. Of a memory that was spoilt, whatever was
issued until that was seen may have been done: by this terminal's clock, so that a clock which was ahead then keeps all
commands out for as long. That time is not taken back when the clock is, for nobody knows which of the two was right.
One that is gone is no better, where others remember that commands came: a terminal that never had any has none either,
and begins with an empty one.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct

from kiosk.clock import Clock
from kiosk.fleet.command import CLOCKS_DIFFER_S, Command
from kiosk.fleet.kept import Kept
from kiosk.fleet.operator import OrderRefused, Refusal

log = logging.getLogger(__name__)

REMEMBERED_MOST: Final = 1000


class Dated(Protocol):
    """What became of a command that was issued then."""

    @property
    def issued_at(self) -> datetime: ...


What = TypeVar("What", bound=Dated)


class Memory(Struct, Generic[What], frozen=True):
    """By id. `forgotten`: no command that was issued by then is remembered any more, and none is done."""

    outcomes: Mapping[str, What] = {}
    forgotten: datetime | None = None


class Once(Generic[What]):
    """`kind`: what is remembered of each. `came`: whether one ever came, as somebody else knows; asked where the memory
    is not there."""

    def __init__(self, path: Path, kind: type[Memory[What]], clock: Clock, came: Callable[[], bool]) -> None:
        self._path = path
        self._kind = kind
        self._clock = clock
        self._came = came
        self._memory: Kept[Memory[What]] = Kept(
            path, kind, spoilt=self._nothing_is_remembered, missing=self._as_it_began
        )

    def recall(self) -> None:
        """Before anybody asks: where the memory is gone, whoever else knows may have to read for long."""
        try:
            self._memory.read()
        except OSError as error:
            log.error("%s: %s", self._path, error.strerror)

    def before(self, command: Command) -> What | None:
        """What became of it when it came before; None: it is new. Raises OrderRefused when nobody knows."""
        try:
            memory = self._memory.read() or self._kind()
        except OSError as error:
            raise OrderRefused(Refusal.CANNOT, f"{command.id} cannot be looked up: {error.strerror}") from None
        if command.id in memory.outcomes:
            return memory.outcomes[command.id]
        if memory.forgotten is not None and command.issued_at <= memory.forgotten:
            since = memory.forgotten.isoformat(timespec="seconds")
            raise OrderRefused(Refusal.REPLAYED, f"{command.id} is older than what is remembered: issued by {since}")
        return None

    def remember(self, command: Command, what: What) -> None:
        """Raises OSError when the disk cannot."""
        memory = self._memory.read() or self._kind()
        by_age = sorted({**memory.outcomes, command.id: what}.items(), key=lambda each: each[1].issued_at)
        gone, stay = by_age[:-REMEMBERED_MOST], by_age[-REMEMBERED_MOST:]
        forgotten = [each.issued_at for _, each in gone] + ([memory.forgotten] if memory.forgotten else [])
        self._memory.keep(self._kind(dict(stay), max(forgotten, default=None)))

    def _as_it_began(self) -> Memory[What]:
        if not self._came():
            return self._kind()
        log.error("%s is gone, and commands came before: none is done that was issued by now", self._path)
        return self._nothing_is_remembered()

    def _nothing_is_remembered(self) -> Memory[What]:
        return self._kind(forgotten=self._clock.now() + timedelta(seconds=CLOCKS_DIFFER_S))
