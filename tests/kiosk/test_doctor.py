"""`kiosk doctor` on a terminal that is well, and on one with a thing wrong at a time: each is named, with a remedy."""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from hardware.cards.emulator import OTHER_SAM_ID
from hardware.cards.emulator.utopia import State
from hardware.cards.sdt_reader import sam_id_text
from kiosk.bootstrap import opened
from kiosk.clock import SystemClock
from kiosk.demo.machine import TERMINAL, Machine, Settings, equipped
from kiosk.doctor import certificates, devices, machine, perception
from kiosk.health.board import DESK
from kiosk.health.findings import Finding, Level, exit_code, warn
from kiosk.maintenance.examiner import ExaminerProcess
from kiosk.profile import Face, Portrait, Profile, Reader, load
from kiosk.reasons import Reason
from platform_client.sandbox.pki import make

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def terminal(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """Everything around a terminal: reader, platform, print server and printer."""
    folder = tmp_path_factory.mktemp("doctor")
    make(folder / "pki", terminals=(TERMINAL,), now=datetime.now(UTC))
    async with equipped(Settings(assets, folder / "pki", folder / "out", display="")) as machine:
        yield machine


@pytest.fixture
def profile(terminal: Machine) -> Profile:
    return load(terminal.profile)


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.part: finding.level for finding in findings}


def says_what_to_do(findings: list[Finding]) -> None:
    assert all(finding.remedy for finding in findings if finding.level is not Level.OK)


@dataclass
class Examined:
    """What the command said and how it ended."""

    code: int
    findings: dict[str, str] = field(default_factory=dict)
    can_serve: bool = False


async def doctor(profile: Path) -> Examined:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "doctor", "--json", "--profile", str(profile)), stdout=subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    if not said:
        return Examined(process.returncode)
    answer: dict[str, Any] = json.loads(said)
    assert all(row["remedy"] for row in answer["findings"] if row["level"] != "OK")
    return Examined(process.returncode, {r["part"]: r["level"] for r in answer["findings"]}, answer["can_serve"])


async def test_a_terminal_that_is_well_and_the_same_one_without_its_reader(terminal: Machine) -> None:
    examined = await doctor(terminal.profile)
    found = dict(examined.findings)
    # Whether this machine keeps crashes and swaps is its own affair, not the demo's.
    of_the_host = [found.pop("core dumps"), found.pop("swap")]
    assert [part for part, level in found.items() if level == "FAIL"] == []
    assert found["card reader"] == found["printer"] == found["print queue"] == found["run directory"] == "OK"
    assert found["device identity"] == found["root of all seals"] == "OK"
    assert found["WLT decoder"] == found["reader binding"] == "WARN"
    assert (examined.code, examined.can_serve) == ((1, False) if "FAIL" in of_the_host else (0, True))

    terminal.reader.unplug()
    examined = await doctor(terminal.profile)
    terminal.reader.plug()
    assert (examined.code, examined.can_serve, examined.findings["card reader"]) == (1, False, "FAIL")


async def test_the_doctor_of_a_desk_that_runs_says_what_the_desk_says(terminal: Machine, profile: Profile) -> None:
    """F03: one answer. The desk has the reader, which a second program could not open."""
    async with opened(profile, SystemClock(), ExaminerProcess(terminal.profile, Path(".cache/assets"))) as desk:
        desk.health.report(DESK, None)
        desk.health.report("card reader", Reason.READER_LOST)
        examined = await doctor(terminal.profile)
        assert (examined.code, examined.findings["card reader"]) == (1, "FAIL")
        desk.health.report("card reader", None)
        assert (await doctor(terminal.profile)).findings["card reader"] == "OK"
        desk.health.post("supplies", warn("paper", "runs low", "bring some"))
        assert (await doctor(terminal.profile)).findings["paper"] == "WARN"
    assert "paper" not in (await doctor(terminal.profile)).findings


async def test_a_profile_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text("[reader]\nurl = 1\n", encoding="utf-8")
    assert await doctor(tmp_path / "profile.toml") == Examined(2)


async def test_the_reader_is_the_bound_one(profile: Profile) -> None:
    bound = Reader(profile.reader.uri, sam_id="05.01-20101129-0001228293-0296863149")
    assert levels(await devices.reader(bound)) == {"card reader": Level.OK, "reader binding": Level.OK}
    other = await devices.reader(Reader(profile.reader.uri, sam_id=sam_id_text(OTHER_SAM_ID)))
    assert levels(other) == {"card reader": Level.FAIL}
    unknown = await devices.reader(Reader("usb:reader"))
    assert levels(unknown) == {"card reader": Level.FAIL}
    says_what_to_do([*other, *unknown])


async def test_a_printer_without_paper_and_one_that_is_off(terminal: Machine, profile: Profile) -> None:
    """A09"""
    await terminal.printer.empty_tray()
    empty = await devices.printer(profile.printer)
    assert (empty.level, empty.says) == (Level.FAIL, "paper-empty")
    await terminal.printer.fill_tray()
    assert (await devices.printer(profile.printer)).level is Level.OK
    off = msgspec.structs.replace(profile.printer, uri="ipp://127.0.0.1:9/ipp/print")
    assert (await devices.printer(off)).says == "offline"
    no_queue = msgspec.structs.replace(profile.printer, queue="another")
    assert (await devices.print_queue(no_queue)).level is Level.FAIL


async def test_certificates_that_expire(profile: Profile) -> None:
    now = datetime.now(UTC)
    well = certificates.examine(profile, now)
    assert {finding.level for finding in well} == {Level.OK}
    until = min(finding.says[-10:] for finding in well if "until" in finding.says)
    soon = datetime.fromisoformat(until).replace(tzinfo=UTC) - timedelta(days=1)
    assert Level.WARN in levels(certificates.examine(profile, soon)).values()
    late = certificates.examine(profile, soon + timedelta(days=9999))
    assert exit_code(late) == 1
    early = certificates.examine(profile, now - timedelta(days=9999))
    assert exit_code(early) == 1
    says_what_to_do([*late, *early])


async def test_the_certificate_of_another_terminal(profile: Profile) -> None:
    other = msgspec.structs.replace(profile, terminal=msgspec.structs.replace(profile.terminal, id="kiosk-0002"))
    assert levels(certificates.examine(other, datetime.now(UTC)))["device identity"] is Level.FAIL


async def test_a_secret_that_others_can_read(profile: Profile, tmp_path: Path) -> None:
    """C13: the profile names it; the doctor looks whether it can be had, and by nobody else."""
    secret = tmp_path / "data-call-key"
    secret.write_text("k" * 43)
    secret.chmod(0o644)
    keyed = msgspec.structs.replace(
        profile, platform=msgspec.structs.replace(profile.platform, data_call_key=str(secret))
    )
    spoilt = certificates.examine(keyed, datetime.now(UTC))
    assert levels(spoilt)["platform login"] is Level.FAIL
    says_what_to_do(spoilt)
    secret.chmod(0o600)
    assert levels(certificates.examine(keyed, datetime.now(UTC)))["platform login"] is Level.OK


async def test_nobody_is_believed_about_travel_documents(profile: Profile, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    reader = msgspec.structs.replace(profile.reader, trust=tmp_path)
    configured = msgspec.structs.replace(profile, reader=reader)
    assert levels(certificates.examine(configured, now))["country signing CAs"] is Level.FAIL
    (tmp_path / "utopia.cer").write_bytes(State(now.date()).certificate)
    (tmp_path / "notes.txt").write_bytes(b"no certificate")
    believed = [each for each in certificates.examine(configured, now) if each.part == "country signing CAs"]
    assert [each.level for each in believed] == [Level.WARN, Level.OK]


def library(path: Path) -> str:
    """Compiles a stand-in for a maker's decoder; its digest."""
    source = "int unpack(char *src, char *dst, int bmp) { return 1; }"
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(path)], input=source, text=True, check=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_the_portrait_decoder(tmp_path: Path) -> None:
    absent = devices.portrait_decoder(Portrait())
    assert levels(absent) == {"portrait decoder": Level.OK, "WLT decoder": Level.WARN}
    assert "sent to the counter" in absent[1].says
    path = tmp_path / "libwlt.so"
    digest = library(path)
    assert levels(devices.portrait_decoder(Portrait(path, digest)))["WLT decoder"] is Level.OK
    assert levels(devices.portrait_decoder(Portrait(path, "0" * 64)))["WLT decoder"] is Level.FAIL
    assert levels(devices.portrait_decoder(Portrait(policy="platform")))["portrait policy"] is Level.OK


async def test_missing_models(tmp_path: Path, assets: Path) -> None:
    assert Level.FAIL in levels(perception.examine(tmp_path, Face(mode="demo"))).values()
    here = perception.examine(assets / "models", Face(mode="demo"))
    found = levels(here)
    assert {found.pop("face match"), found.pop("anti-spoof")} == {Level.WARN}
    assert set(found.values()) == {Level.OK}
    says_what_to_do(here)


@pytest.mark.parametrize(
    "face, says",
    [
        (Face(), "every citizen is sent to the counter"),
        (Face(population="adults-here"), "not validated for adults-here"),
        (Face(model="nobody"), "list no model nobody"),
        (Face(model="mediapipe-face-mesh"), "list no model mediapipe-face-mesh"),
    ],
    ids=["the default", "other people", "unknown", "another task"],
)
async def test_a_terminal_in_production_needs_a_model_for_its_people(assets: Path, face: Face, says: str) -> None:
    """A02: a profile that says nothing is one of production, and no model is validated by being there."""
    found = perception.examine(assets / "models", face)
    match = next(finding for finding in found if finding.part == "face match")
    assert match.level is Level.FAIL and says in match.says
    says_what_to_do(found)


async def test_what_might_land_on_a_disk(tmp_path: Path) -> None:
    """C20"""
    (tmp_path / "self").mkdir()
    (tmp_path / "sys/kernel").mkdir(parents=True)
    mounts = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {tmp_path} rw shared:2 - tmpfs tmpfs rw\n"
    (tmp_path / "self/mountinfo").write_text(mounts)
    assert machine.run_directory(tmp_path, tmp_path).level is Level.OK
    assert machine.run_directory(Path("/usr"), tmp_path).level is Level.FAIL
    assert machine.run_directory(tmp_path / "nowhere", tmp_path).level is Level.FAIL

    head = "Filename Type Size Used Priority\n"
    for areas, expected in (
        ("", Level.OK),
        ("/dev/zram0 partition 1 0 5\n", Level.OK),
        ("/swap file 1 0 -2\n", Level.FAIL),
    ):
        (tmp_path / "swaps").write_text(head + areas)
        assert machine.swap(tmp_path).level is expected

    for pattern, expected in (("", Level.OK), ("|/bin/false", Level.OK), ("core", Level.FAIL)):
        (tmp_path / "sys/kernel/core_pattern").write_text(pattern + "\n")
        assert machine.core_dumps(tmp_path).level is expected
