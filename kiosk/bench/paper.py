"""Paper: our printer port from submission until it knows that the page is out, and `lp` until the page lies there.

The same queue and the same emulated printer, which takes a second for a page. Between two jobs we wait until queue and
printer are at rest, or one would wait for the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from kiosk.bench.timing import NotMeasured, Row, alternate
from kiosk.demo.machine import Machine
from kiosk.desk import Desk
from kiosk.documents.gate import PrintableDocument

QUEUE: Final = "kiosk"
LANDS_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.005


async def put_on_paper(desk: Desk, machine: Machine, paper: PrintableDocument, rounds: int) -> Row:
    """What the paper takes."""

    async def ours() -> float:
        await _at_rest(machine)
        began = time.perf_counter()
        async with desk.printer.job(paper) as reports:
            async for report in reports:
                if report.printed:
                    return time.perf_counter() - began
        raise NotMeasured("the reports ended before the page was out")

    async def floor() -> float:
        await _at_rest(machine)
        there = set(machine.printed.glob("*.pdf"))
        began = time.perf_counter()
        await _run(paper.pdf, "lp", "-h", _server(machine), "-d", QUEUE, "-")
        await _landed(machine.printed, there)
        return time.perf_counter() - began

    return Row("put it on paper", *await alternate(rounds, ours, floor), "bare lp until the page lies in the tray")


async def _landed(tray: Path, there: set[Path]) -> None:
    await _until(lambda: _newer(tray, there))


async def _newer(tray: Path, there: set[Path]) -> bool:
    return not set(tray.glob("*.pdf")) <= there


async def _at_rest(machine: Machine) -> None:
    """No job is in the queue, and the queue is idle: the backend of the last job has let go of the printer."""

    async def idle() -> bool:
        return b"is idle" in await _run(b"", "lpstat", "-h", _server(machine), "-p", QUEUE)

    await _until(idle)


async def _until(it_is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LANDS_WITHIN_S):
        while True:
            if await it_is_so():
                return
            await asyncio.sleep(_LOOK_EVERY_S)


async def _run(given: bytes, *command: str) -> bytes:
    """What the command says, in English."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin", "LC_ALL": "C"}
    )
    said, _ = await process.communicate(given)
    if process.returncode:
        raise NotMeasured(f"{command[0]} ended with {process.returncode}")
    return said


def _server(machine: Machine) -> str:
    return f"127.0.0.1:{machine.cups.port}"
