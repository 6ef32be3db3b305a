"""The home page says what works, what runs low and what does not work, and comes back by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playing import KIND, play, refused_for, tiles
from theatre import PATIENCE_S, Stage, performing

from hardware.printers.port import Trouble
from kiosk.audit.chain import records
from kiosk.health.findings import State as Health
from kiosk.health.remedies import trouble
from kiosk.journeys.attract import attract
from kiosk.lobby import GRACE_S, MOMENT_S
from kiosk.pages import (
    Done,
    Home,
    Notice,
    Offer,
    Page,
    Pick,
    Refusal,
)
from kiosk.paper.stock import readings_in
from kiosk.ports.printer import PaperPort
from kiosk.reasons import Reason, Refused


async def test_a_fault_behind_the_home_page_closes_it_and_passes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(stage.printer, "condition", broken)

    async def closed(stage: Stage) -> None:
        await stage.clock.pass_by(21.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is Reason.INTERNAL)
        monkeypatch.undo()
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is None)

    await play(stage, [(Home, closed)])


async def test_the_home_page_says_what_runs_low_and_what_works_all_the_same(stage: Stage, tmp_path: Path) -> None:
    """F01, A09: little paper and no receipts close nothing; the log says when it began and when it ended."""
    stage.printer.sheets, stage.slips.works = 10, False

    async def refill(stage: Stage) -> None:
        low = (Notice.PAPER_LOW, Notice.NO_RECEIPTS)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].notices == low)
        page = stage.screen.pages[-1]
        assert isinstance(page, Home)
        assert page.trouble is None
        stage.printer.sheets, stage.slips.works = 250, True
        await stage.clock.pass_by(11.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and not pages[-1].notices)

    await play(stage, [(Home, refill)])
    told = [record.body["fields"] for record in records(stage.audit) if record.body["event"] == "supplies"]
    assert told == [{"low": "PAPER_LOW NO_RECEIPTS"}, {"low": ""}]
    assert [reading.supplies.sheets_left for reading in readings_in(tmp_path / "stock.jsonl")] == [10, 250]


async def test_a_full_disk_closes_the_home_page_and_not_the_terminal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C19, F01: what runs low, and what a crash left behind, cannot be written down. Said it is all the same."""

    def full(event: str, **fields: object) -> None:
        raise Refused(Reason.AUDIT_FULL, "no room for a record")

    monkeypatch.setattr(stage.desk.audit, "record", full)
    stage.printer.sheets = 10
    stage.ledger.issue("household", "ab" * 32, 1)
    successor = replace(stage.desk, printer=PaperPort(stage.printer, stage.ledger, stage.stock, {}, stage.clock))

    async def room_again(stage: Stage) -> None:
        assert len(stage.screen.pages) == 2
        await tiles(stage)
        monkeypatch.undo()
        await stage.clock.pass_by(11.0)
        low = (Notice.PAPER_LOW,)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].notices == low)

    def told(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        stage.screen.tap(Done())

    await play(stage, [(Refusal, told), (Home, room_again)], attract(successor))
    assert "supplies" in [record.body["event"] for record in records(stage.audit)]


async def test_a_supply_that_cannot_be_read_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """F01: a printer whose levels make no sense prints all the same."""

    async def nonsense() -> None:
        raise ValueError("a level of no supply")

    monkeypatch.setattr(stage.printer, "supplies", nonsense)

    async def goes_on(stage: Stage) -> None:
        await tiles(stage)
        await stage.clock.pass_by(11.0)

    await play(stage, [(Home, goes_on)])


async def test_the_home_page_says_what_the_terminal_says_of_itself(stage: Stage) -> None:
    """F03: what keeps it from serving stands on the page, whoever found it, and goes when it is mended."""
    health = stage.desk.health

    def shows(reason: Reason | None) -> Callable[[list[Page]], bool]:
        return lambda pages: isinstance(pages[-1], Home) and bool(pages[-1].kinds) and pages[-1].trouble is reason

    async def vision_dies(stage: Stage) -> None:
        await stage.screen.seen(shows(None))
        assert health.state is Health.READY
        health.post("workers", trouble("vision process", Reason.CAMERA_LOST))
        await stage.clock.pass_by(11.0)
        await stage.screen.seen(shows(Reason.CAMERA_LOST))
        stage.printer.trouble = Trouble.PAPER_EMPTY
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(shows(Reason.PAPER_EMPTY))
        assert [finding.code for finding in health.findings if finding.code] == ["K501", "K204"]
        health.post("workers")
        stage.printer.trouble = None
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(shows(None))
        assert health.state is Health.READY

    await play(stage, [(Home, vision_dies)])


async def test_the_first_page_waits_a_moment_for_its_tiles(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that is quick has tiles on the first page; one that is slow keeps nobody before a dark screen."""
    asked, answers = asyncio.Event(), asyncio.Event()
    kinds = stage.desk.platform.kinds

    async def slow() -> tuple[Offer, ...]:
        asked.set()
        await answers.wait()
        return await kinds()

    monkeypatch.setattr(stage.desk.platform, "kinds", slow)
    async with performing(attract(stage.desk)), asyncio.timeout(PATIENCE_S):
        await asked.wait()
        await stage.clock.pass_by(MOMENT_S / 2)
        assert stage.screen.pages == []
        await stage.clock.pass_by(MOMENT_S)
        page = stage.screen.pages[-1]
        assert isinstance(page, Home) and page.kinds == () and page.trouble is None
        answers.set()
        await tiles(stage)


async def test_a_print_server_that_still_starts_closes_nothing(stage: Stage) -> None:
    """F01: it is given its time. Who begins meanwhile hears at once that there is no printer."""
    stage.printer.trouble = Trouble.OFFLINE

    async def begins(stage: Stage) -> None:
        await tiles(stage)
        assert stage.desk.health.state is Health.DEGRADED
        stage.screen.tap(Pick(KIND))

    def told(stage: Stage) -> None:
        refused_for(Reason.PRINTER_LOST)(stage)
        stage.screen.tap(Done())

    async def closes(stage: Stage) -> None:
        await stage.clock.pass_by(GRACE_S + 1)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is Reason.PRINTER_LOST)
        assert stage.desk.health.state is Health.OUT_OF_SERVICE

    await play(stage, [(Home, begins), (Refusal, told), (Home, closes)])
