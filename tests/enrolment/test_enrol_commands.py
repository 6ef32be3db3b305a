"""The same by commands alone, each in a process of its own, as a terminal and an operator run them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fresh_machine import TERMINAL, OperatorsDesk, World

from kiosk import meeting
from kiosk.health.findings import State
from kiosk.health.published import read
from kiosk.messages import Show, receive
from kiosk.pages import EnrolmentStep, NotEnrolled
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.typeface import Typecase

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def kiosk(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@asynccontextmanager
async def running(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", *words), cwd=ROOT, stdout=subprocess.PIPE, env=os.environ
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def glass(socket: Path) -> AsyncIterator[NotEnrolled]:
    """What a ui is told there."""
    async with asyncio.timeout(PATIENCE_S):
        while not socket.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        reader, _ = await asyncio.open_unix_connection(socket)
        while True:
            shown = await receive(reader)
            assert isinstance(shown, Show) and isinstance(shown.page, NotEnrolled)
            yield shown.page


@pytest.fixture
def machine(tmp_path: Path, pki: SandboxPki, typecase: Typecase) -> World:
    return World(tmp_path, pki, typecase)


async def test_a_machine_its_operator_and_the_platform(machine: World) -> None:
    where, pki = machine.where, machine.pki
    for name, root in (("platform-ca.pem", pki.tls_ca), ("seals-root.pem", pki.root)):
        (where / name).write_text(root.certificate.read_text())
    (where / "profile.toml").write_text(machine.profile())
    ordered = kiosk(
        *("enrol", "order", str(where / "profile.toml"), "--version", "1", "--key", str(machine.operator.private)),
        *("--file", str(where / "platform-ca.pem"), "--file", str(where / "seals-root.pem")),
        *("--out", str(machine.orders / "one.jws")),
    )
    assert ordered.returncode == 0, ordered.stderr
    control = str(where / "control.json")
    platform = ("sandbox", "--pki", str(pki.directory), "--orders", str(machine.orders), "--control", control)
    async with running(*platform) as sandbox:
        assert sandbox.stdout is not None
        ports = json.loads(await asyncio.wait_for(sandbox.stdout.readline(), PATIENCE_S))
        settings = where / "enrolment.toml"
        settings.write_text(
            f'operator = "{machine.operator.pinned}"\nsite = "{where}/site"\nrun = "{where}/run"\n'
            f'stick = "{machine.stick}"\n[pairing]\nurl = "https://localhost:{ports["enrolment_port"]}"\n'
            f'ca = "{pki.tls_ca.certificate}"\n'
        )
        status = ("enrol", "status", "--json", "--settings", str(settings))
        before = await asyncio.to_thread(kiosk, *status)
        nobody = {"enrolled": False, "terminal": None, "altered": None}
        assert (before.returncode, json.loads(before.stdout)) == (1, nobody)
        health = meeting.enrolment_health_in(where / "run")
        async with running("enrol", "run", "--settings", str(settings)) as enrolling:
            steps, typed = [], ""
            assert await said(health) is State.OUT_OF_SERVICE, "nobody shows its page"
            async for page in glass(meeting.socket_of(where / "run", "enrol")):
                if not steps:
                    assert await said(health, State.READY) is State.READY
                steps.append(page.step)
                if page.step is EnrolmentStep.DONE:
                    break
                if page.code and not typed:
                    typed = page.code
                    listed = await asyncio.to_thread(kiosk, "sandbox", "--control", control, "--pairings")
                    assert listed.stdout == f"{page.code}  {page.fingerprint}\n"
                    wish = ("--approve", f"{page.code}={TERMINAL}")
                    approved = await asyncio.to_thread(kiosk, "sandbox", "--control", control, *wish)
                    assert approved.returncode == 0, approved.stderr
            assert await asyncio.wait_for(enrolling.wait(), PATIENCE_S) == 0
        assert EnrolmentStep.SETTLING in steps
        after = await asyncio.to_thread(kiosk, *status)
        assert (after.returncode, json.loads(after.stdout)) == (0, nobody | {"enrolled": True, "terminal": TERMINAL})


async def said(folder: Path, state: State | None = None) -> State:
    """What enrolment says of itself, once it says that."""
    async with asyncio.timeout(PATIENCE_S):
        while (report := read(folder)) is None or state not in (None, report.state):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return report.state


def test_what_the_commands_say_to_what_they_cannot_use(machine: World) -> None:
    nobody = machine.where / "nobody.toml"
    nobody.write_text('operator = "/nothing.pem"\n')
    for words, why in (
        (("enrol", "run", "--settings", "/nothing.toml"), "/nothing.toml: No such file"),
        (("enrol", "run", "--settings", str(nobody)), "/nothing.pem: No such file"),
        (("enrol", "order", "/nothing", "--version", "1", "--key", "/nothing", "--out", "/nothing"), "No such file"),
        (("sandbox", "--answer", str(machine.stick)), "No such file"),
        (("sandbox", "--pairings"), "--control says which"),
        (("sandbox", "--control", "/nothing", "--approve", "A=B"), "No such file"),
    ):
        said = kiosk(*words)
        assert (said.returncode, why in said.stderr) == (2, True), said.stderr
    typo = machine.where / "typo.toml"
    typo.write_text(f'operater = "{OperatorsDesk(machine.where / "other").pinned}"\n')
    assert "operater" in kiosk("enrol", "status", "--settings", str(typo)).stderr


def test_a_stick_is_answered_by_the_sandbox_s_ca(machine: World) -> None:
    """As `openssl` does in the operator's guide; an order that has expired is not."""
    folder = machine.stick / "onecard-enrolment"
    folder.mkdir()
    (folder / "order.jws").write_bytes(machine.order())
    words = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-subj", "/CN=new", "-keyout", str(machine.where / "key"), "-out", str(folder / "request.pem")]
    subprocess.run(words, capture_output=True, check=True)
    answered = kiosk("sandbox", "--pki", str(machine.pki.directory), "--answer", str(folder))
    assert answered.returncode == 0 and f"a certificate for {TERMINAL}" in answered.stdout
    (folder / "order.jws").write_bytes(machine.order(days=0))
    late = kiosk("sandbox", "--pki", str(machine.pki.directory), "--answer", str(folder))
    assert late.returncode == 2 and "expired" in late.stderr
