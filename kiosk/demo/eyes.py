"""What is on the screen, as a person would see it, and a finger to touch it.

The user interface describes what it has painted (kiosk/ui/probe.py); taps go through X as real pointer events
(xdotool). So nothing here can click what is not there, and nothing waits for a time to pass: it waits until the page
has been painted.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LINE_LIMIT = 4 * 1024 * 1024


class NeverSeen(Exception):
    """The screen never looked like that; the text says what it showed last."""


@dataclass(frozen=True, slots=True)
class View:
    """One painted screen. `items`: what has a name, with the centre in display pixels; `text`: all that is written."""

    page: str
    seq: int
    language: str
    items: dict[str, dict[str, Any]] = field(repr=False)
    text: str = field(repr=False)
    frames: int = 0

    @property
    def prompt(self) -> str:
        """What the face page asks for ("turn-left"); empty on other pages."""
        return next((name.removeprefix("prompt:") for name in self.items if name.startswith("prompt:")), "")

    def can_touch(self, item: str) -> bool:
        return bool(self.items.get(item, {}).get("enabled", False))


class Eyes:
    """Follows the probe of the user interface, also across a restart of it."""

    def __init__(self, probe: Path, display: str) -> None:
        self._probe = probe
        self._environment = {**os.environ, "DISPLAY": display}
        self._changed = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None
        self.view: View | None = None

    async def __aenter__(self) -> "Eyes":
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)

    async def see(self, wanted: Callable[[View], bool], *, seconds: float = 30.0, what: str = "") -> View:
        """Waits until the painted screen is as wanted. Raises NeverSeen."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                while self.view is None or not wanted(self.view):
                    await self._changed.wait()
                return self.view
        except TimeoutError:
            last = self.view
            showed = f"{last.page} with {sorted(last.items)}" if last else "nothing"
            raise NeverSeen(f"waited {seconds:.0f} s for {what or 'a screen'}; it showed {showed}") from None

    async def page(self, *names: str, seconds: float = 30.0) -> View:
        """Waits for one of these pages."""
        return await self.see(lambda view: view.page in names, seconds=seconds, what=" or ".join(names))

    async def next_change(self, after: View) -> View:
        """The next painted screen that differs from `after`."""
        async with self._changed:
            while self.view is None or self.view is after:
                await self._changed.wait()
            return self.view

    async def tap(self, item: str, *, seconds: float = 15.0) -> View:
        """Touches an item in its middle, as soon as it can be touched. Returns the view it was touched on."""
        view = await self.see(lambda view: view.can_touch(item), seconds=seconds, what=f"the button {item!r}")
        place = view.items[item]
        await self._x("xdotool", "mousemove", str(int(place["x"])), str(int(place["y"])), "click", "1")
        return view

    async def _x(self, *command: str) -> None:
        process = await asyncio.create_subprocess_exec(*command, env=self._environment)
        if await process.wait():
            raise RuntimeError(f"{command[0]} failed")

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(OSError, ValueError):
                reader, writer = await asyncio.open_unix_connection(self._probe, limit=LINE_LIMIT)
                try:
                    while line := await reader.readline():
                        await self._saw(json.loads(line))
                finally:
                    writer.close()
            async with self._changed:
                self.view = None
            # The interface is between two lives; its socket announces itself by nothing but being there.
            await asyncio.sleep(0.05)

    async def _saw(self, seen: dict[str, Any]) -> None:
        items = {item["id"]: item for item in seen["items"] if item["id"]}
        text = "\n".join(item["text"] for item in seen["items"])
        async with self._changed:
            self.view = View(seen["page"], seen["seq"], seen["language"], items, text, seen["frames"])
            self._changed.notify_all()
