"""C16: how long nobody may try a PIN."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.maintenance.back_off import FREE, LONGEST_S, BackOff


class Turned:
    """A clock that is turned by hand: the machine has run for `seconds`, and its wall clock says `at`."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.at = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tries.json"


def test_five_are_free_then_each_costs_twice_as_much(path: Path) -> None:
    clock = Turned()
    back_off = BackOff(path, clock)
    waits = []
    for _ in range(FREE + 4):
        back_off.begin_try()
        waits.append(back_off.wait_s)
        clock.seconds += back_off.wait_s
    assert waits == [0, 0, 0, 0, 15, 30, 60, 120, 240]


def test_it_outlives_a_restart_and_a_power_cut_in_the_middle_of_a_try(path: Path) -> None:
    """C16: what was begun and never ended is a wrong one, and the wait begins anew with the next program."""
    clock = Turned()
    for _ in range(FREE + 1):
        BackOff(path, clock).begin_try()
    clock.seconds += 10
    assert BackOff(path, clock).wait_s == 30
    assert BackOff(path, Turned()).wait_s == 30, "on a machine that has just started"


def test_the_right_one_ends_it(path: Path) -> None:
    clock = Turned()
    back_off = BackOff(path, clock)
    for _ in range(FREE):
        back_off.begin_try()
    back_off.was_right()
    assert BackOff(path, clock).wrong == 0
    assert BackOff(path, clock).wait_s == 0


def test_it_ends_growing_at_an_hour(path: Path) -> None:
    back_off = BackOff(path, Turned())
    for _ in range(200):
        back_off.begin_try()
    assert back_off.wait_s == LONGEST_S


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_is_set_shortens_and_lengthens_no_wait(path: Path, days: int) -> None:
    """C16: whoever reaches the clock has no more tries for it."""
    clock = Turned()
    back_off = BackOff(path, clock)
    for _ in range(FREE):
        back_off.begin_try()
    clock.seconds += 5
    clock.at += timedelta(days=days)
    assert back_off.wait_s == 10
    assert BackOff(path, clock).wait_s == 15


@pytest.mark.parametrize("spoilt", [b"", b"{}", b"nonsense", b'{"wrong":-1}'])
def test_a_count_that_cannot_be_read_is_no_clean_slate(path: Path, spoilt: bytes) -> None:
    path.write_bytes(spoilt)
    assert BackOff(path, Turned()).wait_s == 15


def test_a_try_that_cannot_be_counted_is_not_made(path: Path) -> None:
    back_off = BackOff(path / "no such folder" / "tries.json", Turned())
    with pytest.raises(OSError, match="No such file"):
        back_off.begin_try()
    assert back_off.wrong == 0
