"""A clock that runs as time does, and can be hurried over hours in which nobody comes.

Hurrying goes from alarm to alarm: whoever sleeps until then wakes and does what they do, before the clock goes on. So a
night has all its looks at printer and platform, only nobody waits between two of them. The time of day goes ahead for
all programs that run under libfaketime with the file `offset` (FAKETIME_TIMESTAMP_FILE: seconds ahead of the machine),
ours among them; what a library asks the system is then the same as what we ask this clock.
"""

import asyncio
import heapq
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

SETTLES_S: Final = 0.3
"""For so long a hurried clock waits for whom it woke: what takes longer goes on beside the hurry, as in any hall."""
AT_ONCE_S: Final = 0.002
"""Alarms so close together are one."""


class HurriedClock:
    """`kiosk.clock.Clock`, ahead of the machine by what was hurried over, in a process under libfaketime."""

    def __init__(self, offset: Path) -> None:
        self._offset_file = offset
        self._ahead_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._fell_asleep = asyncio.Event()
        self._tell()

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead_s

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """By the machine's own timer, unless somebody hurries."""
        loop = asyncio.get_running_loop()
        alarm: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(max(0.0, seconds), _ring, alarm)
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, next(self._order), alarm))
        self._fell_asleep.set()
        try:
            await alarm
        finally:
            timer.cancel()

    async def hurry(self, seconds: float) -> None:
        """Lets `seconds` pass."""
        end = self.monotonic() + seconds
        while (alarm := self._next()) is not None and alarm[0] <= end:
            self._go_ahead(alarm[0] - self.monotonic())
            await self._wake(self.monotonic() + AT_ONCE_S)
        self._go_ahead(end - self.monotonic())

    async def _wake(self, until: float) -> None:
        """Everybody who sleeps until then; returns when as many sleep again, or they had their time."""
        asleep = self._asleep()
        while (alarm := self._next()) is not None and alarm[0] <= until:
            heapq.heappop(self._sleepers)
            _ring(alarm[2])
        try:
            async with asyncio.timeout(SETTLES_S):
                while self._asleep() < asleep:
                    self._fell_asleep.clear()
                    await self._fell_asleep.wait()
        except TimeoutError:
            return

    def _next(self) -> tuple[float, int, asyncio.Future[None]] | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0] if self._sleepers else None

    def _asleep(self) -> int:
        return sum(not alarm.done() for _, _, alarm in self._sleepers)

    def _go_ahead(self, seconds: float) -> None:
        if seconds > 0:
            self._ahead_s += seconds
            self._tell()

    def _tell(self) -> None:
        coming = self._offset_file.with_suffix(".new")
        coming.write_text(f"+{self._ahead_s:.6f}\n")
        coming.replace(self._offset_file)


def _ring(alarm: "asyncio.Future[None]") -> None:
    if not alarm.done():
        alarm.set_result(None)
