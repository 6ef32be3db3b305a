"""From the start of the process to its first painted page: our user interface, and a Kivy hello-world.

Both are started by the same supervisor, on the same display, in a window of the same size, with the same providers;
both say READY when their first frame is on the glass. Ours finds a desk that has the home page ready.
"""

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from kiosk.bench.timing import Row, alternate, taking
from kiosk.demo.display import PANEL
from kiosk.demo.machine import Machine
from kiosk.processes import Command, Supervised

# What kiosk/ui/app.py sets for itself, said from outside.
SETTINGS: Final = {
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_LOG_MODE": "PYTHON",
    "KIVY_DPI": "96",
    "KIVY_METRICS_DENSITY": "1",
    "KIVY_WINDOW": "sdl2",
    "KIVY_TEXT": "sdl2",
    "KIVY_IMAGE": "sdl2",
    "KCFG_GRAPHICS_WIDTH": str(PANEL[0]),
    "KCFG_GRAPHICS_HEIGHT": str(PANEL[1]),
    "KCFG_GRAPHICS_BORDERLESS": "1",
    "KCFG_GRAPHICS_MULTISAMPLES": "0",
    "KCFG_KIVY_LOG_LEVEL": "warning",
}


async def start(machine: Machine, rounds: int) -> Row:
    """What the first page takes, on a desk that shows one."""

    async def ours() -> float:
        async with AsyncExitStack() as stack:
            return await taking(machine.start_worker(stack, "ui"))

    async def floor() -> float:
        process = Supervised(_hello(machine.run, machine.display), machine.logs)
        try:
            return await taking(process.start())
        finally:
            await process.stop()

    return Row("start to first page", *await alternate(rounds, ours, floor), "a Kivy hello-world")


def _hello(home: Path, display: str) -> Command:
    environment = SETTINGS | {"KIVY_HOME": str(home / "hello"), "DISPLAY": display}
    return Command("hello", (sys.executable, "-m", "kiosk.bench.hello"), environment, watchdog_s=None)
