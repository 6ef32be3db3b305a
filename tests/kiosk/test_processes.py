"""Processes are started, watched and replaced as systemd would do it."""

import asyncio
import os
import sys
from dataclasses import replace
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


async def test_a_long_name_of_the_log_folder_is_no_trouble(tmp_path: Path) -> None:
    """A socket's path has 108 bytes at most (unix(7))."""
    logs = tmp_path / ("long" * 25)
    logs.mkdir()
    process = Supervised(program("time.sleep(600)"), logs)
    await process.start()
    await process.stop()


async def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    supervisor = f"""
import asyncio, sys
from pathlib import Path
from kiosk.processes import Command, Supervised

async def main():
    code = "import time; from systemd import daemon; daemon.notify('READY=1'); time.sleep(600)"
    process = Supervised(Command("worker", (sys.executable, "-c", code)), Path({str(tmp_path)!r}))
    await process.start()
    print(process.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", supervisor, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    watched = os.pidfd_open(pid)
    parent.kill()
    await parent.wait()
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(watched, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), 5)
    finally:
        asyncio.get_running_loop().remove_reader(watched)
        os.close(watched)


async def test_one_that_ends_at_once_is_not_started_in_a_storm(tmp_path: Path) -> None:
    command = Command("brief", ("true",), watchdog_s=None)
    process = Supervised(command, tmp_path)
    process.launch()
    try:
        await asyncio.wait_for(process.ready_again(2), 1.5)
    except TimeoutError:
        pass
    finally:
        await process.stop()
    assert 1 <= process.starts <= 4


async def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    process = Supervised(Command("ghost", ("/no/such/program",), ready_s=1.0), tmp_path)
    with pytest.raises(StartFailed, match="ghost"):
        await process.start()
    await process.stop()
    assert "No such file" in (tmp_path / "ghost.log").read_text()


async def test_one_that_ends_with_its_final_code_is_not_started_again(tmp_path: Path) -> None:
    process = Supervised(replace(program("sys.exit(3)"), final=3), tmp_path)
    process.launch()
    await asyncio.wait_for(process.finished.wait(), 20)
    await process.stop()
    assert process.starts == 1
