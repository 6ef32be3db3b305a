"""However a demo is told to end, it stops what it started and leaves nothing personal behind."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.demo.machine import TMPFS

PATIENCE_S = 60.0


def run_folders(out: Path) -> list[Path]:
    """The run folder of the demo that writes to `out`: other demos may run on this machine, too."""
    return [profile.parent for profile in TMPFS.glob("onecard-kiosk-*/profile.toml") if str(out) in profile.read_text()]


def descendants(ancestor: int) -> set[int]:
    """The processes that it started, and those that they started, by /proc/PID/task/TID/children (proc(5))."""
    found: set[int] = set()
    for children in Path(f"/proc/{ancestor}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found |= {child} | descendants(child)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_everything(assets: Path, pki: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    command = (sys.executable, "-m", "kiosk", "demo", "--autoplay", "--out", str(out))
    demo = await asyncio.create_subprocess_exec(
        *command, "--assets", str(assets), "--pki", str(pki), stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(PATIENCE_S):
        while not list((out / "pages").glob("*.png")):  # noqa: ASYNC110 - a file appears and tells nobody
            await asyncio.sleep(0.05)
        folders, started = run_folders(out), descendants(demo.pid)
        assert folders
        assert len(started) >= 7, "four processes, sandbox, printer, cupsd, Xvfb"
        demo.send_signal(number)
        assert await demo.wait() == 128 + number
    assert not any(folder.exists() for folder in folders)
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


def test_a_folder_that_holds_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "mine").write_text("kept")
    command = (sys.executable, "-m", "kiosk", "demo", "--autoplay", "--out", str(tmp_path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert "was not made by a demo" in done.stderr
    assert (tmp_path / "log" / "mine").read_text() == "kept"
