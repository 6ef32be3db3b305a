"""The screen: how long a page change takes to be painted, and how many frames a still page draws."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.bench.glass import Glass, frames
from kiosk.bench.timing import Row, Times
from kiosk.desk import Desk
from kiosk.pages import ChooseCertificate, Home, Kind, Page, PresentCard, Rate, ReadingCard, Waiting
from kiosk.pages import Stage as Working

SETTLES_S: Final = 1.5
"""After a change of page: its last frames, and the end of any motion."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Frames drawn while nothing happened."""

    page: str
    seconds: float
    frames: int


async def change_pages(desk: Desk, glass: Glass, kinds: Sequence[Kind], rounds: int) -> Row:
    """From `show` to the line that says that it is painted, over the pages of a journey, all in one sample."""
    pages: tuple[Page, ...] = (
        PresentCard(),
        ReadingCard(),
        ChooseCertificate("样*", tuple(kinds)),
        Waiting(Working.ISSUING),
        Rate(),
        Home(tuple(kinds)),
    )
    taken = []
    for number in range(rounds + 1):
        for page in pages:
            began = time.monotonic()
            desk.screen.show(page)
            seen = await glass.page(type(page).__name__, after=began)
            if number:
                taken.append(seen.at - began)
    return Row("change the page", Times(tuple(taken)))


async def rest(probe: Path, page: str, seconds: float) -> Idle:
    """Watches the page that is shown. Nobody touches anything, and its clock does not reach a new minute."""
    await asyncio.sleep(SETTLES_S)
    until_minute_s = 60 - time.time() % 60
    if until_minute_s < seconds + 1:
        await asyncio.sleep(until_minute_s + 1)
    before = await frames(probe)
    await asyncio.sleep(seconds)
    return Idle(page, seconds, await frames(probe) - before)
