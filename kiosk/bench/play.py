"""The parts of the bench by name, and their run, one after the other.

What cannot be measured is noted by name, and the rest goes on.
"""

import shutil
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from kiosk.bench.bench import Bench
from kiosk.bench.findings import Findings
from kiosk.bench.parts.card import card
from kiosk.bench.parts.documents import documents
from kiosk.bench.parts.face import face
from kiosk.bench.parts.journey import journey
from kiosk.bench.parts.paper import paper
from kiosk.bench.parts.platform import platform

PARTS: Final[dict[str, Callable[[Bench], Awaitable[None]]]] = {
    "card": card,
    "face": face,
    "platform": platform,
    "documents": documents,
    "paper": paper,
    "journey": journey,
}


async def play(bench: Bench, parts: Sequence[str]) -> Findings:
    """Measures these parts."""
    for folder in ("steps", "journey"):
        shutil.rmtree(bench.place.out / folder, ignore_errors=True)
    for part in parts:
        async with bench.noting(part):
            await PARTS[part](bench)
    return bench.findings
