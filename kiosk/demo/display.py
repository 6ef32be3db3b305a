"""A screen to draw on: the one that is there, or a virtual one (Xvfb) in the size of the terminal's panel."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hardware.printers.loopback_server import as_child

PANEL = (1080, 1920)
READY_WITHIN_S = 20.0


class NoDisplay(Exception):
    """There is no screen, and none could be started."""


@asynccontextmanager
async def virtual_display(size: tuple[int, int] = PANEL) -> AsyncIterator[str]:
    """Starts Xvfb on a free display; yields its name (":7"). Raises NoDisplay."""
    if shutil.which("Xvfb") is None:
        raise NoDisplay("Xvfb is not installed; run script/setup")
    read_end, write_end = os.pipe()
    screen = ("-screen", "0", f"{size[0]}x{size[1]}x24")
    server = await asyncio.create_subprocess_exec(
        *as_child(("Xvfb", "-displayfd", str(write_end), *screen, "-nolisten", "tcp", "-noreset")),
        pass_fds=(write_end,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        try:
            announced = await asyncio.wait_for(asyncio.to_thread(os.read, read_end, 16), READY_WITHIN_S)
        except TimeoutError:
            announced = b""
        if not announced.strip():
            raise NoDisplay("Xvfb did not start")
        yield f":{announced.decode().strip()}"
    finally:
        if server.returncode is None:
            server.terminate()
            await server.wait()
        os.close(read_end)


@asynccontextmanager
async def display(*, virtual: bool) -> AsyncIterator[str]:
    """The display to use: that of the session when there is one and `virtual` is not asked for."""
    present = os.environ.get("DISPLAY")
    if present and not virtual:
        yield present
        return
    async with virtual_display() as name:
        yield name
