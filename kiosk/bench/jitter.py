"""How well the window keeps time while vision works beside it.

The real window shows the page of the face check, with camera pictures in it. Its own timer says how long each beat was
(kiosk/ui/probe.py). In one turn the pictures of a recorded check are put into the ring at the camera's pace and nobody
looks at them; in the next the vision process is in the middle of a check on the simulated camera, whose head takes its
time. What is compared is how late the latest twentieth of the beats came: the window draws the same in both.
"""

import asyncio
import contextlib
import statistics
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Final

from hardware.cameras.port import Frame
from hardware.cards.reading import Portrait
from kiosk.bench.bench import Terminal
from kiosk.bench.face import followed
from kiosk.bench.glass import lateness, watching
from kiosk.bench.timing import NotMeasured, Row, Times
from kiosk.meeting import ring_in
from kiosk.pages import FaceCheck, Prompt
from kiosk.preview import PreviewRing

TURNS: Final = 10
"""Of each kind, three seconds long: short ones, so that what else the machine does meets both alike. More of them tell
nothing new, and a minute is long enough."""
SETTLES_S: Final = 0.5
WATCHED_S: Final = 2.5
HEAD_OVER_S: Final = 1.5


async def jitter(terminal: Terminal, frames: tuple[Frame, ...], portrait: Portrait) -> Row:
    """How late the latest twentieth of the window's beats is, in each turn: with vision, and without."""
    machine, desk = terminal.machine, terminal.desk
    lates: dict[bool, list[float]] = {True: [], False: []}
    async with AsyncExitStack() as workers:
        await machine.start_worker(workers, "vision")
        desk.screen.show(FaceCheck(Prompt.LOOK))
        await machine.start_worker(workers, "ui")
        async with watching(machine.probe) as glass:
            await glass.page("FaceCheck")
        ring = PreviewRing.writing(ring_in(machine.run))

        async def pictures_only() -> None:
            while True:
                for before, frame in pairwise(frames):
                    await asyncio.sleep(frame.time_s - before.time_s)
                    ring.write(frame.rgb.data.cast("B"))

        async def vision() -> None:
            machine.puppet.follow("look")
            await followed(desk.presence.prove(portrait), machine, over_s=HEAD_OVER_S)
            raise NotMeasured("the check was over before the window had been watched")

        for number in range(TURNS):
            for works in (True, False) if number % 2 else (False, True):
                lates[works].append(await _late(machine.probe, vision if works else pictures_only))
        ring.close()
    return Row("lateness of the window's timer", Times(tuple(lates[True])), Times(tuple(lates[False])), "no vision")


async def _late(probe: Path, work: Callable[[], Coroutine[None, None, None]]) -> float:
    """While `work` goes on, for ever: the 95th percentile."""
    working = asyncio.create_task(work())
    try:
        done, _ = await asyncio.wait({working}, timeout=SETTLES_S + WATCHED_S)
        for ended in done:
            ended.result()  # it was to go on: says why it did not
        return statistics.quantiles(await lateness(probe, WATCHED_S), n=20)[-1]
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
