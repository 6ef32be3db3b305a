"""A finger that loses no time: one xdotool that stays, told through a pipe, so that no tap waits for a process."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kiosk.bench.timing import NotMeasured


class Finger:
    """Touches the glass with real pointer events."""

    def __init__(self, pipe: asyncio.StreamWriter) -> None:
        self._pipe = pipe

    def tap(self, place: tuple[int, int]) -> float:
        """Presses and lets go; returns when, monotonic. The pointer arrives and is let go some 12 ms later."""
        at = time.monotonic()
        self._pipe.write(f"mousemove {place[0]} {place[1]} click 1\n".encode())
        return at


@asynccontextmanager
async def finger(display: str) -> AsyncIterator[Finger]:
    """A finger on this display. Raises NotMeasured without xdotool."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("xdotool", "-"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, "DISPLAY": display},
        )
    except FileNotFoundError:
        raise NotMeasured("xdotool is not installed; run script/setup") from None
    assert process.stdin is not None
    try:
        yield Finger(process.stdin)
    finally:
        process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
