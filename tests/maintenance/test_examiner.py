"""The doctor as a unit of its own: asked for by a file, believed only when it answers this wish (F03)."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from workbench import Bench

from kiosk.health.findings import Level
from kiosk.maintenance import examiner
from kiosk.maintenance.examiner import ANSWER, WISH, ExaminerUnit

TELLS = """
import json, os, sys
from pathlib import Path
to = Path(sys.argv[2])
said = {"part": str(os.getpid()), "level": "OK", "says": "well", "remedy": "", "code": ""}
coming = to.with_suffix(".new")
coming.write_text(json.dumps({"findings": [said]}))
coming.rename(to)
"""


@asynccontextmanager
async def service_manager(bench: Bench, *words: str) -> AsyncIterator[list[int]]:
    """As kiosk-doctor.path and its service: the wish is taken away, then the doctor runs. Yields its exit codes."""
    run, codes = bench.profile.run, list[int]()

    async def serve() -> None:
        while True:
            while not (run / WISH).exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            (run / WISH).unlink()
            doctor = await asyncio.create_subprocess_exec(sys.executable, *words, "--into", run / ANSWER)
            codes.append(await doctor.wait())

    serving = asyncio.create_task(serve())
    try:
        yield codes
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


def unit(bench: Bench, tmp_path: Path) -> ExaminerUnit:
    return ExaminerUnit(bench.profile_file, tmp_path / "assets", bench.profile.run)


async def test_the_doctor_answers_by_a_file(bench: Bench, tmp_path: Path) -> None:
    asked = unit(bench, tmp_path)
    (bench.profile.run / ANSWER).write_text(json.dumps({"findings": []}), encoding="utf-8")  # of yesterday
    words = ("-m", "kiosk", "doctor", "--profile", str(bench.profile_file), "--assets", str(tmp_path), "--json")
    async with asyncio.timeout(120), service_manager(bench, *words):
        findings = await asked.findings()
    assert {"device identity", "audit log"} <= {each.part for each in findings}
    assert not (bench.profile.run / WISH).exists()


async def test_two_who_ask_hear_one_answer_each(bench: Bench, tmp_path: Path) -> None:
    tells = tmp_path / "tells.py"
    tells.write_text(TELLS, encoding="utf-8")
    asked = unit(bench, tmp_path)
    async with asyncio.timeout(60), service_manager(bench, str(tells)):
        one, other = await asyncio.gather(asked.findings(), asked.findings())
    assert one[0].part != other[0].part


async def test_nobody_sees_the_wish(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken back, and that is a finding."""
    monkeypatch.setattr(examiner, "UNIT_WITHIN_S", 0.3)
    (finding,) = await unit(bench, tmp_path).findings()
    assert (finding.part, finding.level) == ("doctor", Level.FAIL)
    assert not (bench.profile.run / WISH).exists()
