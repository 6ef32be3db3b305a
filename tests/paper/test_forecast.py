"""When the paper runs out: the arithmetic of opening hours, and whether four of five intervals hold."""

import random
import resource
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from hardware.printers.supplies import Supplies, Supply, SupplyKind, Unit
from kiosk.china_time import CHINA
from kiosk.clock import SystemClock
from kiosk.paper.forecast import Day, forecast
from kiosk.paper.ledger import Issue, State, pages_by_day
from kiosk.paper.opening import WEEK, OpeningHours
from kiosk.paper.stock import Source, StockHistory, paper_runs_out, readings_in

HALL = OpeningHours.of({day: ["09:00-12:00", "13:00-17:00"] for day in WEEK[:5]})
ALWAYS = OpeningHours.of({day: ["00:00-23:59"] for day in WEEK})
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (MONDAY, 1, MONDAY.replace(hour=10)),
        (MONDAY, 4, MONDAY.replace(hour=14)),
        (MONDAY, 7, MONDAY.replace(hour=17)),
        (MONDAY, 8, MONDAY.replace(day=24, hour=10)),
        (MONDAY.replace(hour=12, minute=30), 1, MONDAY.replace(hour=14)),
        (MONDAY.replace(day=27, hour=16), 2, MONDAY.replace(day=30, hour=10)),
        (MONDAY.astimezone(UTC), 1, MONDAY.replace(hour=10)),
    ],
)
def test_open_hours_become_a_moment(start: datetime, hours: float, end: datetime) -> None:
    assert HALL.after(start, hours) == end


def test_a_hall_that_never_opens_uses_no_paper() -> None:
    assert OpeningHours.of({}).after(MONDAY, 1) is None


@pytest.mark.parametrize("span", ["9-17", "17:00-09:00", "09:00", ""])
def test_a_span_that_is_none_is_named(span: str) -> None:
    with pytest.raises(ValueError, match=r"span of time|ends before"):
        OpeningHours.of({"monday": [span]})


def test_a_steady_hall_runs_out_when_its_paper_does() -> None:
    days = [Day(70, 7.0)] * 20
    found = forecast(70, days, HALL, MONDAY)
    assert found is not None
    assert found.expected == MONDAY.replace(hour=17)
    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest < found.expected < found.latest


@pytest.mark.parametrize("days", [[], [Day(10, 7.0)] * 4, [Day(0, 7.0)] * 20, [Day(5, 0.0)] * 20])
def test_nothing_is_foretold_from_too_little(days: list[Day]) -> None:
    assert forecast(100, days, HALL, MONDAY) is None


@pytest.mark.parametrize(("left", "history_days"), [(30, 10), (200, 20), (500, 28)])
def test_four_of_five_intervals_hold(left: int, history_days: int) -> None:
    """F01: 1,500 halls with busy and quiet days, citizens at random, one to three pages each."""
    chance = random.Random(20261125)

    def a_day(usual: float) -> list[tuple[float, int]]:
        """When in its seven hours somebody came, and how many pages they got."""
        busyness = usual * chance.gammavariate(12, 1 / 12)
        came, hour = [], chance.expovariate(busyness)
        while hour < 7.0:
            came.append((hour, chance.choice((1, 1, 1, 2, 3))))
            hour += chance.expovariate(busyness)
        return came

    def lasts(usual: float) -> float:
        """The open hours until the last sheet is used."""
        used = 0
        for number in count():
            for hour, pages in a_day(usual):
                used += pages
                if used >= left:
                    return number * 7.0 + hour
        raise AssertionError

    held = 0
    trials = 500
    for _ in range(trials):
        usual = chance.uniform(3.0, 9.0)
        past = [Day(sum(pages for _, pages in a_day(usual)), 7.0) for _ in range(history_days)]
        found = forecast(left, past, ALWAYS, MONDAY)
        assert found is not None
        assert found.earliest is not None
        runs_out = ALWAYS.after(MONDAY, lasts(usual))
        assert runs_out is not None
        held += found.earliest <= runs_out and (found.latest is None or runs_out <= found.latest)
    assert 0.74 <= held / trials <= 0.88, held / trials


def test_the_ledger_is_the_counter() -> None:
    issues = [
        Issue(f"{number}", "household", f"{number}", 2, 1, State.OUT, 2, MONDAY - timedelta(days=days))
        for days in range(1, 15)
        for number in range(10)
    ]
    found = paper_runs_out(100, pages_by_day(issues), ALWAYS, MONDAY)
    assert found is not None
    assert found.expected is not None
    assert timedelta(days=4.5) < found.expected - MONDAY < timedelta(days=5.5)
    assert paper_runs_out(100, {}, ALWAYS, MONDAY) is None


def test_levels_are_kept_when_they_change_and_read_back(tmp_path: Path) -> None:
    def paper(left: int) -> Supplies:
        tray = Supply(SupplyKind.PAPER, "main", Unit.SHEETS, left, 250, is_low=left < 25)
        return Supplies((tray,), ("iso_a4_210x297mm",))

    history = StockHistory(tmp_path / "stock.jsonl", SystemClock())
    for left in (250, 250, 249, 20):
        history.note(Source.PRINTER, paper(left))
    with (tmp_path / "stock.jsonl").open("a") as file:
        file.write('{"at": "torn')
    again = StockHistory(tmp_path / "stock.jsonl", SystemClock())
    kept = readings_in(tmp_path / "stock.jsonl")
    assert [reading.supplies.sheets_left for reading in kept] == [250, 249, 20]
    last = again.latest(Source.PRINTER)
    assert last is not None
    assert last.supplies == paper(20)
    assert again.latest(Source.TICKETS) is None


def test_a_full_disk_keeps_no_terminal_from_starting(tmp_path: Path) -> None:
    """Old readings cannot be thrown out and new ones not kept; both are for the log."""
    paper = Supplies((Supply(SupplyKind.PAPER, "main", Unit.SHEETS, 9, 250, is_low=True),), ())
    StockHistory(tmp_path / "stock.jsonl", SystemClock()).note(Source.PRINTER, paper)
    kept = (tmp_path / "stock.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        history = StockHistory(tmp_path / "stock.jsonl", SystemClock())
        history.note(Source.TICKETS, Supplies((), ()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(history.latest(source) is not None for source in Source)
    assert (tmp_path / "stock.jsonl").read_bytes() == kept
