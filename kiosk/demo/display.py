"""A screen to draw on: the one that is there, or a virtual one (Xvfb) in the size of the terminal's panel."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PANEL = (1080, 1920)


class NoDisplay(Exception):
    """There is no screen, and none could be started."""


@asynccontextmanager
async def virtual_display(size: tuple[int, int] = PANEL) -> AsyncIterator[str]:
    """Starts Xvfb on a free display; yields its name (":7"). Raises NoDisplay."""
    read_end, write_end = os.pipe()
    try:
        server = await asyncio.create_subprocess_exec(
            *("Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{size[0]}x{size[1]}x24"),
            *("-nolisten", "tcp", "-noreset"),
            pass_fds=(write_end,),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError:
        os.close(read_end)
        os.close(write_end)
        raise NoDisplay("Xvfb is not installed; run script/setup") from None
    os.close(write_end)
    try:
        with os.fdopen(read_end) as announced:
            number = await asyncio.wait_for(asyncio.to_thread(announced.readline), 20.0)
        if not number.strip():
            raise NoDisplay("Xvfb ended at once")
        yield f":{number.strip()}"
    finally:
        if server.returncode is None:
            server.terminate()
            await server.wait()


@asynccontextmanager
async def display(*, virtual: bool) -> AsyncIterator[str]:
    """The display to use: that of the session when there is one and `virtual` is not asked for."""
    present = os.environ.get("DISPLAY")
    if present and not virtual:
        yield present
        return
    async with virtual_display() as name:
        yield name
