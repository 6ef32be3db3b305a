"""Workers that are away for a moment, and one that stays away; memory and clock as the kernel tells them."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.doctor import machine
from kiosk.health.board import Board
from kiosk.health.findings import Level
from kiosk.health.watch import COMES_BACK_S, LOOK_EVERY_S, Workers, face_match, keep_looking
from kiosk.messages import Compares
from kiosk.profile import Face
from kiosk.reasons import Reason


class HandClock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        raise AssertionError("nobody asks for the date here")

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_a_worker_may_be_away_for_a_moment_but_not_for_long() -> None:
    clock = HandClock()
    workers = Workers(clock)

    def level(there: bool) -> Level:
        (finding,) = workers.look({"vision": there})
        return finding.level

    assert level(False) is Level.OK
    clock.seconds = COMES_BACK_S - 1
    assert level(False) is Level.OK
    assert level(True) is Level.OK
    clock.seconds += COMES_BACK_S - 1
    assert level(False) is Level.OK
    clock.seconds += COMES_BACK_S
    (lost,) = workers.look({"vision": False})
    assert (lost.level, lost.code) == (Level.FAIL, Reason.CAMERA_LOST.value)
    assert lost.remedy
    assert level(True) is Level.OK


def test_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 4000000 kB\nMemAvailable:     1000000 kB\n")
    assert machine.memory(tmp_path).level is Level.OK
    (tmp_path / "meminfo").write_text("MemTotal: 4000000 kB\nMemAvailable:      100000 kB\n")
    low = machine.memory(tmp_path)
    assert (low.level, low.says) == (Level.WARN, "97 MiB are free")
    assert low.remedy


def test_a_clock_that_no_server_has_set(tmp_path: Path) -> None:
    assert machine.time_server(tmp_path / "another daemon's") == []
    (unset,) = machine.time_server(tmp_path)
    assert unset.level is Level.WARN
    (tmp_path / "synchronized").touch()
    assert machine.time_server(tmp_path)[0].level is Level.OK


def test_a_model_that_nobody_validated_serves_nobody_in_production() -> None:
    """F03: citizens read K207 before they lay their card."""
    assert face_match(None, Face()) == ()
    unproven, proven = Compares("dlib", "adults", False), Compares("ours", "adults", True)
    (red,) = face_match(unproven, Face(mode="production"))
    assert (red.level, red.code) == (Level.FAIL, Reason.FACE_NOT_OFFERED.value)
    (yellow,) = face_match(unproven, Face(mode="demo"))
    assert (yellow.level, yellow.code) == (Level.WARN, "")
    assert face_match(proven, Face(mode="production"))[0].level is Level.OK


async def test_not_to_be_able_to_look_is_told_and_passes(tmp_path: Path) -> None:
    audit = AuditLog(tmp_path, SystemClock(), terminal="kiosk-0001", software="test")
    board = Board(SystemClock(), audit)
    clock, seen = HandClock(), list[list[Level]]()

    def look() -> None:
        seen.append([finding.level for finding in board.findings if finding.part == "self-watch"])
        match len(seen):
            case 1:
                raise OSError(2, "No such file or directory")
            case 3:
                raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await keep_looking(board, clock, look)
    assert seen == [[], [Level.WARN], []]
    assert clock.seconds == 2 * LOOK_EVERY_S
