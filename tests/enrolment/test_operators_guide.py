"""The guides do not drift: the operator's commands make a terminal, and the technician's table names every code."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_machine import World

from image import operator
from kiosk.enrolment import settings
from kiosk.maintenance.entries import ENTRIES
from kiosk.pages import EnrolmentStep
from kiosk.reasons import EXPLANATIONS, Reason
from platform_client.sandbox.pki import SandboxPki

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "operators-guide.md"
OFFLINE = "request=stick"
"""Begins the one block for which a machine must have left its request."""


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)


def run(block: str, where: Path) -> None:
    program = where / "bin"
    program.mkdir(exist_ok=True)
    (program / "kiosk").write_text(f'#!/bin/sh\nexec {sys.executable} -m kiosk "$@"\n')
    (program / "kiosk").chmod(0o755)
    checkout = str(DOCS.parent)
    environment = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": checkout}
    done = subprocess.run(
        ["sh", "-euc", block], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block}\n{done.stderr}"


def here(block: str, world: World) -> str:
    """The same for a machine in a folder: its site, and its key in a file."""
    block = block.replace("/var/lib/onecard-site", str(world.where / "site"))
    block = block.replace('"/run/onecard-kiosk"', f'"{world.where / "run"}"')
    block = block.replace("/usr/share/onecard-kiosk/operator/operator.pem", str(world.operator.pinned))
    lines = [line for line in block.splitlines() if not line.startswith(("pkcs11_module = ", "token = ", "pin = "))]
    return re.sub(r'^key = "pkcs11:.*$', 'key = "platform.key"', "\n".join(lines), flags=re.M)


async def test_its_commands_make_a_machine_a_terminal(world: World, pki: SandboxPki) -> None:
    """By a stick, signed by openssl alone; the machine pins the key that the guide made."""
    (world.where / "seals-root.pem").write_bytes(pki.root.certificate.read_bytes())
    world.stick.rmdir()
    before = [block for block in blocks() if OFFLINE not in block]
    for block in before:
        await asyncio.to_thread(run, here(block, world), world.where)
    as_written = (world.where / "operator/enrolment.toml").read_text(encoding="utf-8")
    pinned = "/usr/share/onecard-kiosk/operator/operator.pem"
    (world.where / "operator/enrolment.toml").write_text(as_written.replace(str(world.operator.pinned), pinned))
    operator.check(world.where / "operator")  # an image can be built of it
    world.operator.pinned.write_bytes((world.where / "operator.pem").read_bytes())
    async with world.enrolling() as (glass, task):
        await glass.until(lambda page: page.step is EnrolmentStep.TAKE_STICK_AWAY)
        (sign,) = (block for block in blocks() if OFFLINE in block)
        await asyncio.to_thread(run, sign, world.where)
        world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        world.plug_again()
        await asyncio.wait_for(task, 30)
    assert world.site.enrolled


def test_its_settings_are_what_a_machine_reads(tmp_path: Path) -> None:
    written = re.search(r"enrolment\.toml <<TOML\n(.*?)^TOML", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    assert written is not None
    (tmp_path / "enrolment.toml").write_text(written[1])
    said = settings.load(tmp_path / "enrolment.toml")
    assert said.pairing is not None and said.key.token == "onecard"


@pytest.mark.parametrize(("file", "language"), [("technicians-guide.md", "en"), ("technicians-guide.zh-CN.md", "zh")])
def test_the_technician_s_table_has_every_code_with_the_words_on_the_page(file: str, language: str) -> None:
    rows = re.findall(r"^\| (K\d{3}) \| (.+?) \| (.+?) \| (.+?) \|$", (DOCS / file).read_text(encoding="utf-8"), re.M)
    assert [code for code, *_ in rows] == [reason.value for reason in Reason]
    for code, page, look, do in rows:
        assert page == EXPLANATIONS[Reason(code)].in_language(language).what, code
        assert look.strip() and do.strip(), code


@pytest.mark.parametrize(("file", "language"), [("technicians-guide.md", "en"), ("technicians-guide.zh-CN.md", "zh")])
def test_entries_of_the_menu_are_called_what_they_are_called_there(file: str, language: str) -> None:
    text = (DOCS / file).read_text(encoding="utf-8")
    titles = {entry.name: entry.title.in_language(language) for entry in ENTRIES}
    named = {"self-test", "card-reader", "camera", "liveness", "printer-page", "ticket", "touch", "supplies", "refill"}
    named |= {
        "network",
        "certificates",
        "models",
        "out-of-service",
        "in-service",
        "restart",
        "readiness",
        "export",
        "rollback",
    }
    quoted = "*{}*" if language == "en" else "“{}”"
    for name in named:
        assert quoted.format(titles[name]) in text, name
