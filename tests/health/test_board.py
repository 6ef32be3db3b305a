"""The one place that makes a state of what the parts say, and who hears of it."""

import json
from pathlib import Path

import pytest

from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.health.board import DESK, Board
from kiosk.health.findings import State, fail, warn
from kiosk.health.published import Report
from kiosk.health.remedies import REMEDIES, trouble
from kiosk.reasons import Reason


class Terminal:
    """A board with what it told others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Report] = []
        self.audit = AuditLog(folder, SystemClock(), terminal="kiosk-0001", software="test")
        self.board = Board(SystemClock(), self.audit, self.told.append)

    def recorded(self) -> list[tuple[str, str]]:
        lines = [json.loads(line) for file in sorted(self.folder.glob("*.jsonl")) for line in file.open()]
        fields = [line["fields"] for line in lines if line["event"] == "health"]
        return [(each["state"], each["because"]) for each in fields]


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_a_terminal_that_nobody_has_looked_at_is_not_ready(terminal: Terminal) -> None:
    assert [report.state for report in terminal.told] == [State.OUT_OF_SERVICE]


def test_yellow_red_and_back_are_each_told_and_recorded_once(terminal: Terminal) -> None:
    """F03, F06: two severities; every change, with its causes, and nothing else."""
    board = terminal.board
    board.report(DESK, None)
    board.report("card reader", None)
    board.post("supplies", warn("paper", "runs low", "bring some"))
    board.report("card reader", Reason.READER_LOST)
    board.report("card reader", Reason.READER_LOST)
    board.report("card reader", None)
    board.post("supplies")
    assert terminal.recorded() == [
        ("ready", ""),
        ("degraded", "paper"),
        ("out-of-service", "card reader K107, paper"),
        ("degraded", "paper"),
        ("ready", ""),
    ]
    assert [report.state.value for report in terminal.told[1:]] == [
        *("ready", "ready", "degraded", "out-of-service", "degraded", "ready")
    ]


def test_a_second_cause_is_recorded_although_the_state_stays(terminal: Terminal) -> None:
    terminal.board.report(DESK, None)
    terminal.board.report("printer", Reason.PAPER_JAM)
    since = terminal.told[-1].since
    terminal.board.report("card reader", Reason.READER_LOST)
    assert terminal.recorded()[-1] == ("out-of-service", "card reader K107, printer K503")
    assert terminal.told[-1].since == since
    assert terminal.board.trouble is Reason.PAPER_JAM


def test_sessions_are_counted_by_how_they_ended_and_not_by_whose(terminal: Terminal) -> None:
    board = terminal.board
    board.session_began()
    assert terminal.told[-1].serving
    board.session_ended("finished")
    board.session_began()
    board.session_ended(Reason.IDLE.name)
    assert (terminal.told[-1].serving, terminal.told[-1].sessions) == (False, {"finished": 1, "IDLE": 1})


def test_what_a_full_disk_could_not_record_is_recorded_when_there_is_room(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F06"""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    terminal.board.report(DESK, None)
    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "_append", staticmethod(full))
        terminal.board.report("audit log", Reason.AUDIT_FULL)
    assert terminal.told[-1].state is State.OUT_OF_SERVICE
    assert terminal.recorded() == [("ready", "")]
    terminal.board.report("printer", Reason.PAPER_EMPTY)
    assert terminal.recorded()[-1] == ("out-of-service", "audit log K604, printer K501")


def test_what_has_no_page_of_its_own_closes_the_home_page_too(terminal: Terminal) -> None:
    """F03: a terminal that is out of service never looks as if it were not."""
    terminal.board.report(DESK, None)
    assert terminal.board.trouble is None
    terminal.board.post("machine", fail("root of all seals", "expired on 2026-01-01", "ask for the new one"))
    assert terminal.board.trouble is Reason.INTERNAL
    terminal.board.report("printer", Reason.PAPER_JAM)
    assert terminal.board.trouble is Reason.PAPER_JAM


def test_every_trouble_says_what_to_do() -> None:
    for reason in Reason:
        finding = trouble("part", reason)
        assert finding.says
        assert finding.remedy
        assert finding.code == reason.value
    assert {reason for reason in Reason if reason.value.startswith("K3")} <= set(REMEDIES)
