"""`kiosk maintenance`: each entry as a command, of a desk that runs or without one."""

import asyncio
import json
import os
import sys
from asyncio import subprocess
from pathlib import Path

import pytest
from workbench import Bench

from kiosk import meeting
from kiosk.health.findings import State
from kiosk.health.published import Publication, Report
from kiosk.maintenance.door import Door
from kiosk.maintenance.entries import ENTRIES
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.menu import Menu

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


async def kiosk(*words: object) -> tuple[int, str, str]:
    """Exit code, output, complaints; nobody is there to answer a question."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "maintenance", *map(str, words)),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, complaints = await asyncio.wait_for(child.communicate(), PATIENCE_S)
    assert child.returncode is not None
    return child.returncode, out.decode(), complaints.decode()


async def test_the_list_has_every_entry() -> None:
    code, out, _ = await kiosk("list", "--json")
    assert code == 0
    assert [json.loads(line)["name"] for line in out.splitlines()] == [entry.name for entry in ENTRIES]


async def test_wrong_words_are_answered_with_the_right_ones(tmp_path: Path) -> None:
    """2: it was not done."""
    assert (await kiosk("reader"))[0] == 2
    code, _, complaint = await kiosk("restart", "sleep")
    assert code == 2 and "program|ui|vision|documents|print-server|machine" in complaint
    assert (await kiosk("software"))[0] == 2
    assert (await kiosk("software", "--profile", tmp_path / "none.toml"))[0] == 2


async def test_without_a_desk_the_command_opens_what_it_needs(bench: Bench) -> None:
    """F03: and writes down that it did. A desk cannot start meanwhile."""
    meeting.make(bench.profile.run)
    bench.workshop.audit.close()  # type: ignore[attr-defined]
    code, out, _ = await kiosk("software", "--profile", bench.profile_file, "--json")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(line["says"]["zh"] and line["says"]["en"] for line in lines)
    assert {"entry": "software", "choice": "", "by": "console"} in bench.records("maintenance.began")
    code, out, _ = await kiosk("certificates", "--profile", bench.profile_file)
    assert code == 0 and "revocation list of" in out
    held = Publication(meeting.health_in(bench.profile.run))
    code, _, complaint = await kiosk("software", "--profile", bench.profile_file)
    held.close()
    assert code == 2 and complaint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_root_leaves_no_files_that_the_desk_could_not_write(bench: Bench) -> None:
    meeting.make(bench.profile.run)
    os.chown(bench.profile.audit, 65534, -1)
    code, _, complaint = await kiosk("software", "--profile", bench.profile_file)
    assert code == 2 and "run this as nobody" in complaint


async def test_a_desk_that_runs_does_it_itself(bench: Bench) -> None:
    """The devices are its own; what changes something asks first."""
    run = bench.profile.run
    meeting.make(run)
    floor = Floor()
    door = Door(Menu(ENTRIES, bench.workshop), floor, *bench.bounds)
    await door.open(meeting.door_in(run))
    publication = Publication(meeting.health_in(run))
    publication.write(Report(State.READY, bench.workshop.clock.now(), False, (), {}))
    giving = asyncio.ensure_future(_citizens_come_and_go(floor))
    try:
        code, out, _ = await kiosk("scanner", "--profile", bench.profile_file)
        assert (code, "scanner: not fitted" in out) == (0, True)
        assert (await kiosk("out-of-service", "repair", "--profile", bench.profile_file))[0] == 2
        assert bench.workshop.sign.reason is None
        code, out, _ = await kiosk("out-of-service", "repair", "--yes", "--profile", bench.profile_file)
        assert code == 0 and bench.workshop.sign.reason is not None
        assert (await kiosk("restart", "ui", "--yes", "--profile", bench.profile_file))[0] == 1
    finally:
        giving.cancel()
        publication.close()
        await door.close()


async def _citizens_come_and_go(floor: Floor) -> None:
    while True:
        await floor.wanted()
        await floor.give()
