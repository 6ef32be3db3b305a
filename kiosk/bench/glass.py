"""What is painted, and when: every line of the user interface's probe with the moment it arrived."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kiosk.bench.timing import NotMeasured

LINE_LIMIT: Final = 4 * 1024 * 1024
SEEN_WITHIN_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class Painted:
    """One painted screen. `at`: when its line arrived, monotonic. `places`: what can be touched, centre in pixels."""

    at: float
    page: str
    prompt: str
    places: dict[str, tuple[int, int]]


class Glass:
    """Everything painted so far, in order."""

    def __init__(self) -> None:
        self.painted: list[Painted] = []
        self._changed = asyncio.Condition()

    async def see(self, wanted: Callable[[Painted], bool], what: str, after: float = 0.0) -> Painted:
        """The first screen later than `after` that is as wanted; waits for it. Raises NotMeasured."""
        try:
            async with asyncio.timeout(SEEN_WITHIN_S), self._changed:
                while True:
                    for painted in self.painted:
                        if painted.at > after and wanted(painted):
                            return painted
                    await self._changed.wait()
        except TimeoutError:
            last = self.painted[-1].page if self.painted else "nothing"
            raise NotMeasured(f"waited for {what}; the screen showed {last}") from None

    async def page(self, name: str, after: float = 0.0) -> Painted:
        return await self.see(lambda painted: painted.page == name, name, after)

    async def touchable(self, item: str, after: float = 0.0) -> Painted:
        return await self.see(lambda painted: item in painted.places, f"the button {item}", after)

    async def follow(self, reader: asyncio.StreamReader) -> None:
        """Takes line after line, until there are no more."""
        while line := await reader.readline():
            painted = _painted(time.monotonic(), json.loads(line))
            async with self._changed:
                self.painted.append(painted)
                self._changed.notify_all()


@asynccontextmanager
async def watching(probe: Path) -> AsyncIterator[Glass]:
    """A glass that fills itself from the probe. Raises OSError when there is none."""
    reader, writer = await asyncio.open_unix_connection(probe, limit=LINE_LIMIT)
    glass = Glass()
    following = asyncio.create_task(glass.follow(reader))
    try:
        yield glass
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        writer.close()


async def frames(probe: Path) -> int:
    """How many frames the user interface has drawn so far: the first line for a new reader says so."""
    reader, writer = await asyncio.open_unix_connection(probe, limit=LINE_LIMIT)
    try:
        return int(json.loads(await reader.readline())["frames"])
    finally:
        writer.close()


async def lateness(probe: Path, seconds: float) -> list[float]:
    """By how much each beat of the window's timer came late (or early), in the last so many seconds."""
    reader, writer = await asyncio.open_unix_connection(probe, limit=LINE_LIMIT)
    try:
        seen = json.loads(await reader.readline())
    finally:
        writer.close()
    every_s = float(seen["beat_s"])
    return [abs(beat_s - every_s) for beat_s in seen["beats_s"][-round(seconds / every_s) :]]


def _painted(at: float, seen: dict[str, Any]) -> Painted:
    named = [item for item in seen["items"] if item.get("id")]
    prompts = [item["id"].removeprefix("prompt:") for item in named if item["id"].startswith("prompt:")]
    places = {item["id"]: (int(item["x"]), int(item["y"])) for item in named if item.get("enabled")}
    return Painted(at, seen["page"], prompts[0] if prompts else "", places)
