"""Processes are started, watched and replaced as systemd would do it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from kiosk.processes import Command, StartFailed, Supervised

NOTIFIES = """
import sys, time
from systemd import daemon
daemon.notify("READY=1")
{then}
"""


def program(then: str, *, watchdog_s: float = 10.0, ready_s: float = 20.0) -> Command:
    return Command("worker", (sys.executable, "-c", NOTIFIES.format(then=then)), watchdog_s=watchdog_s, ready_s=ready_s)


async def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    process = Supervised(program("time.sleep(600)"), tmp_path)
    await process.start()
    try:
        first = process.pid
        process.kill()
        await asyncio.wait_for(process.ready_again(1), 20)
        assert process.pid not in (None, first)
    finally:
        await process.stop()
    assert process.pid is None


async def test_a_process_that_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    process = Supervised(program("time.sleep(600)", watchdog_s=0.5), tmp_path)
    await process.start()
    try:
        await asyncio.wait_for(process.ready_again(1), 20)
    finally:
        await process.stop()


async def test_one_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    command = Command("dumb", (sys.executable, "-c", "import time; time.sleep(600)"), ready_s=0.3)
    process = Supervised(command, tmp_path)
    with pytest.raises(StartFailed, match=r"dumb did not become ready; see .*dumb\.log"):
        await process.start()
    await process.stop()


async def test_stop_ends_it_for_good(tmp_path: Path) -> None:
    process = Supervised(program("time.sleep(600)"), tmp_path)
    await process.start()
    pid = process.pid
    await process.stop()
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
