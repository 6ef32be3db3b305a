"""The vision process is killed, or hangs, at every stage of a check: the citizen stays where they were, and passes.

What the desk has is its real port; the process is supervised as on the terminal.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from vision_bench import card_portrait

from hardware.cards.reading import Portrait
from kiosk.clock import SystemClock
from kiosk.demo.puppeteer import POSES
from kiosk.messages import Guidance
from kiosk.pages import Prompt
from kiosk.ports.presence import VisionPort
from kiosk.preview import PreviewRing
from kiosk.processes import Command, Supervised
from kiosk.vision.witness import LiveMatch

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 60.0
GESTURES = {Prompt.TURN_LEFT, Prompt.TURN_RIGHT, Prompt.LOOK_UP, Prompt.OPEN_MOUTH}


@dataclass
class Terminal:
    """The desk's port and the process behind it."""

    port: VisionPort
    process: Supervised
    run: Path

    @property
    def eyes(self) -> int:
        """The process with the camera: the only child of the light one."""
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[:1]
        return int(child)

    def puppet(self, **command: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(json.dumps(command).encode(), str(self.run / "puppet"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def terminal(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> AsyncIterator[Terminal]:
    run = tmp_path_factory.mktemp("run")
    port = VisionPort(SystemClock(), validated_only=False)
    await port.open(run / "vision.sock")
    PreviewRing.create(run / "preview.ring").close()
    words = (
        *(sys.executable, "-m", "kiosk", "vision", "--socket", str(run / "vision.sock"), "--assets", str(assets)),
        *("--preview", str(run / "preview.ring"), "--camera", f"puppet:{assets / 'portrait.png'}"),
        *("--control", str(run / "puppet")),
    )
    process = Supervised(Command("vision", words), run)
    await process.start()
    yield Terminal(port, process, run)
    await process.stop()
    await port.close()


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hangs"])
@pytest.mark.parametrize("stage", ["look", "first gesture", "back", "last gesture"])
async def test_the_citizen_stays_where_they_were(
    terminal: Terminal, assets: Path, stage: str, blow: signal.Signals
) -> None:
    """The light parent kills what hangs and forks again; the port begins the check anew. A02."""
    portrait = Portrait(card_portrait(assets / "portrait.png"), "webp")
    starts, struck, back_s, seen = terminal.process.starts, 0.0, 0.0, list[Prompt]()
    async with asyncio.timeout(PATIENCE_S), aclosing(terminal.port.prove(portrait)) as check:
        async for step in check:
            if isinstance(step, LiveMatch):
                break
            assert isinstance(step, Guidance)
            if struck and not back_s:
                back_s = time.monotonic() - struck
            if seen[-1:] != [step.prompt] or (struck and len(seen) == 1):
                seen.append(step.prompt)
                if not struck and _at(seen) == stage:
                    os.kill(terminal.eyes, blow)
                    struck, seen = time.monotonic(), []
                    continue
            terminal.puppet(**POSES[step.prompt.value], over_s=0.4)
    assert struck and back_s
    assert isinstance(step, LiveMatch)
    assert terminal.process.starts == starts, "the light parent lives on"
    print(f"{stage}, {blow.name}: the next guidance after {back_s:.2f} s")


def _at(seen: list[Prompt]) -> str:
    """The stage of a check in which these prompts were given."""
    gestures = sum(prompt in GESTURES for prompt in seen)
    if seen[-1] in GESTURES:
        return ("first gesture", "last gesture")[gestures - 1]
    return "back" if gestures else "look"


async def test_the_light_parent_ends_with_its_child(terminal: Terminal) -> None:
    """And the child with its parent: no orphan keeps the camera."""
    parent, eyes = terminal.process.pid, terminal.eyes
    assert parent is not None
    child = os.pidfd_open(eyes)
    starts = terminal.process.starts
    terminal.process.kill()
    ended = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_reader(child, lambda: ended.done() or ended.set_result(None))
    await asyncio.wait_for(ended, PATIENCE_S)
    asyncio.get_running_loop().remove_reader(child)
    os.close(child)
    await asyncio.wait_for(terminal.process.ready_again(starts), PATIENCE_S)
