"""The agent's log is remembered in the desk's, which the platform anchors: what is cut off behind that shows (C19)."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.audit.chain import files, records
from kiosk.audit.log import AuditLog, set_aside
from kiosk.audit.witness import AT_MOST_EVERY_S, EVENT, FILE, Witness
from kiosk.clock import SystemClock
from kiosk.fleet.trail import Trail
from kiosk.health.findings import Level


class HandClock(SystemClock):
    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class Terminal:
    """A desk and an agent, each with its log; `seen`: what the agent leaves for the desk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, HandClock()
        self.seen = folder / FILE
        self.desk = AuditLog(folder / "desk", self.clock, terminal="T-1", software="1")
        self.witness = Witness(self.seen, self.desk, self.clock)

    @contextmanager
    def agent(self) -> Iterator[Trail]:
        audit = AuditLog(self.folder / "agent", self.clock, terminal="T-1", software="1", writer="agent")
        yield Trail(audit, self.seen)
        audit.close()

    @property
    def remembered(self) -> list[object]:
        return [record.body["fields"] for record in records(self.folder / "desk") if record.body["event"] == EVENT]

    def verified(self, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
        told = ("--told-in", str(self.folder / "desk"), "--json")
        main(["audit", "verify", str(self.folder / "agent"), *told])
        return dict(json.loads(capsys.readouterr().out))


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def cut_off(folder: Path, lines: int) -> None:
    (file,) = files(folder)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-lines]))


def test_what_is_cut_off_behind_it_is_found(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.agent() as trail:
        for number in range(5):
            trail.record("command.received", id=f"c-{number}")
    assert terminal.witness.look() == ()
    assert terminal.seen.stat().st_mode & 0o777 == 0o644, "the desk is another user"
    assert terminal.verified(capsys) | {"last": ""} == {"holds": True, "records": 6, "last": "", "anchored": 6}
    cut_off(terminal.folder / "agent", 2)
    assert terminal.verified(capsys) == {"holds": False, "why": "the chain ends at 4, but record 6 was anchored"}


def test_a_chain_that_was_written_anew_is_found(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """And the desk says so while it happens."""
    with terminal.agent() as trail:
        trail.record("command.received", id="c-1")
        trail.record("command.received", id="c-2")
    assert terminal.witness.look() == ()
    for file in files(terminal.folder / "agent"):
        file.unlink()
    with terminal.agent() as trail:
        (finding,) = terminal.witness.look()
        trail.record("command.received", id="c-3")
        trail.record("command.received", id="c-4")
    assert (finding.part, finding.level, finding.says) == ("fleet log", Level.WARN, "the agent's log got shorter")
    assert "another record 3 was anchored" in str(terminal.verified(capsys)["why"])


def test_a_chain_that_began_anew_is_none_that_was_remembered(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when it was only the disk, and what was set aside has been taken away: the desk does not know that."""
    with terminal.agent() as trail:
        for number in range(5):
            trail.record("command.received", id=f"c-{number}")
    assert terminal.witness.look() == ()
    (file,) = files(terminal.folder / "agent")
    file.write_bytes(file.read_bytes().replace(b"c-3", b"c-8"))
    with terminal.agent():
        pass
    (aside,) = set_aside(terminal.folder / "agent")
    shutil.rmtree(terminal.folder / "agent" / aside)
    assert main(["audit", "verify", str(terminal.folder / "agent")]) == 0
    capsys.readouterr()
    assert "but record 6 was anchored" in str(terminal.verified(capsys)["why"])


def test_a_desks_log_that_is_not_there_proves_nothing(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.agent():
        pass
    nowhere = terminal.folder / "nowhere"
    assert main(["audit", "verify", str(terminal.folder / "agent"), "--told-in", str(nowhere)]) == 2
    terminal.desk.record("print.out", pages=1)
    cut_off(terminal.folder / "desk", 1)
    (desk,) = files(terminal.folder / "desk")
    desk.write_bytes(desk.read_bytes().replace(b"desk.started", b"desk.stopped"))
    assert main(["audit", "verify", str(terminal.folder / "agent"), "--told-in", str(terminal.folder / "desk")]) == 1


def test_an_agent_cannot_fill_the_desks_log(terminal: Terminal) -> None:
    with terminal.agent() as trail:
        for number in range(50):
            trail.record("command.received", id=f"c-{number}")
            terminal.witness.look()
            terminal.clock.seconds += 5
        assert len(terminal.remembered) == 1
        terminal.clock.seconds += AT_MOST_EVERY_S
        terminal.witness.look()
        terminal.clock.seconds += AT_MOST_EVERY_S
        terminal.witness.look()
    assert [fields["record"] for fields in terminal.remembered] == [2, 51]  # type: ignore[index]


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"{}",
        b'{"seq":0,"hash":"' + b"0" * 64 + b'"}',
        b'{"seq":1,"hash":"11010119900101001X"}',
        b'{"seq":1,"hash":"' + b"0" * 64 + b'","more":1}',
        b'{"seq":1,"hash":"' + b"0" * 64 + b'\\n"}',
        b" " * 100_000,
    ],
)
def test_what_has_not_the_form_is_not_written_down(terminal: Terminal, left: bytes) -> None:
    """C20, E05"""
    terminal.seen.write_bytes(left)
    (finding,) = terminal.witness.look()
    assert finding.says.endswith("is no such note")
    assert terminal.remembered == []


@pytest.mark.parametrize("trap", ["pipe", "link", "folder"])
def test_a_trap_is_not_stepped_into(terminal: Terminal, trap: str) -> None:
    """E05: the desk waits for nobody's pipe, and reads through nobody's link."""
    if trap == "pipe":
        os.mkfifo(terminal.seen)
    elif trap == "link":
        elsewhere = terminal.folder / "elsewhere"
        elsewhere.write_bytes(b'{"seq":1,"hash":"' + b"0" * 64 + b'"}')
        terminal.seen.symlink_to(elsewhere)
    else:
        terminal.seen.mkdir()
    (finding,) = terminal.witness.look()
    assert finding.level is Level.WARN
    assert terminal.remembered == []
