"""How much the terminal's processes log, for a while: staff or the fleet look for something, and nobody remembers
afterwards to turn it down again.

The desk says so to its workers, also to one that comes later, and takes it back in all of them after an hour; a worker
ends with its desk. It counts for our own modules (kiosk.journal): their lines name types, codes and durations, and
nothing that a citizen brought. No library says more, for it may say what passes through it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from kiosk import journal
from kiosk.clock import Clock
from kiosk.messages import HowMuch

log = logging.getLogger(__name__)

FOR_S: Final = 3600.0
USUAL: Final = HowMuch("info")


class Loudness:
    """`tell`: the workers, each by its port."""

    def __init__(self, clock: Clock, *tell: Callable[[HowMuch], None]) -> None:
        self._clock = clock
        self._tell = tell
        self._ends: asyncio.Task[None] | None = None

    def turn(self, to: HowMuch) -> None:
        """At once, and for an hour."""
        if self._ends is not None:
            self._ends.cancel()
        self._say(to)
        self._ends = None if to == USUAL else asyncio.create_task(self._end())

    def close(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
        journal.say(USUAL.level)

    async def _end(self) -> None:
        await self._clock.sleep(FOR_S)
        self._say(USUAL)

    def _say(self, how_much: HowMuch) -> None:
        log.warning("log level %s", how_much.level)
        journal.say(how_much.level)
        for tell in self._tell:
            tell(how_much)
