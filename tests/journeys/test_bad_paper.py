"""Paper that runs out, jams, is recalled or gets lost: the citizen hears the truth, and nothing comes out twice."""

import asyncio
from dataclasses import replace

import pytest
from playing import (
    TO_PRINTING,
    Scene,
    lay_card,
    nothing_printed,
    play,
    refused_for,
    take_card,
    tap,
)
from theatre import PATIENCE_S, Stage

from hardware.printers.port import JobReport, Outcome, Trouble
from kiosk.journeys.attract import attract
from kiosk.pages import (
    Cancel,
    Done,
    HandOver,
    Home,
    Printing,
    Refusal,
    Waiting,
)
from kiosk.paper.ledger import State
from kiosk.ports.printer import PaperPort
from kiosk.reasons import Reason


async def test_out_of_paper_is_said_before_anything_is_asked(stage: Stage) -> None:
    """A09: the citizen does not give a face for a paper that cannot come."""
    stage.printer.trouble = Trouble.PAPER_EMPTY
    await play(stage, [(Home, lay_card), (Refusal, refused_for(Reason.PAPER_EMPTY))])
    assert stage.booth.asked == 0


async def test_paper_runs_out_and_is_filled_again(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.PAPER_EMPTY

    async def fill(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.printer.repair()

    await play(stage, [*TO_PRINTING, (Printing, fill), (HandOver, None)])
    assert len(stage.printer.printed) == 1


async def test_paper_runs_out_and_nobody_comes(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.PAPER_EMPTY

    async def wait(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        await stage.clock.pass_by(121.0)
        stage.printer.beat()

    def cancelled(stage: Stage) -> None:
        refused_for(Reason.PAPER_EMPTY_DURING)(stage)
        stage.printer.repair()

    await play(stage, [*TO_PRINTING, (Printing, wait), (Waiting, None), (Refusal, cancelled)])
    nothing_printed(stage)


async def test_nothing_comes_out_after_stop_while_printing(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.JAM

    async def stop(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.screen.tap(Cancel())

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, None), (Refusal, refused_for(Reason.CANCELLED))])
    stage.printer.repair()
    nothing_printed(stage)


async def test_stop_while_the_job_is_handed_over_recalls_it(stage: Stage) -> None:
    """The citizen reads that nothing was printed: so nothing may still be on its way to the printer."""
    stage.printer.line_free.clear()

    def stop(stage: Stage) -> None:
        stage.screen.tap(Cancel())

    def let_it_arrive(stage: Stage) -> None:
        stage.printer.line_free.set()

    def recalled(stage: Stage) -> None:
        refused_for(Reason.CANCELLED)(stage)
        assert not stage.printer.holds_a_document

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, let_it_arrive), (Refusal, recalled)])
    nothing_printed(stage)


async def test_stop_after_the_first_of_two_pages_sends_the_citizen_to_the_tray(stage: Stage) -> None:
    stage.printer.trouble_during, stage.printer.pages_out = Trouble.JAM, 1

    async def stop(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.screen.tap(Cancel())

    def look_at_the_tray(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        page = stage.screen.pages[-1]
        assert isinstance(page, Refusal)
        assert page.paper

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, None), (Refusal, look_at_the_tray)])


async def test_a_printer_that_says_nothing_is_wrong_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.printer.hangs = True

    async def wait(stage: Stage) -> None:
        await stage.printer.asked.wait()
        await stage.clock.pass_by(121.0)
        stage.printer.beat()

    await play(stage, [*TO_PRINTING, (Printing, wait), (Waiting, None), (Refusal, refused_for(Reason.PRINTER_LOST))])
    nothing_printed(stage)


async def test_going_down_while_a_page_is_printed_recalls_it_and_goes_down(stage: Stage) -> None:
    """SIGTERM in the middle of a job, also when the page is out before it can be recalled."""
    stage.printer.trouble_during = Trouble.JAM
    terminal = asyncio.ensure_future(attract(stage.desk))

    async def go_down(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.printer.comes_out_when_cancelled = True
        terminal.cancel()
        await asyncio.wait({terminal}, timeout=PATIENCE_S)

    await play(stage, [*TO_PRINTING, (Printing, go_down)], terminal)
    assert terminal.cancelled()
    assert not stage.printer.holds_a_document


async def test_a_printer_that_gives_up_over_a_jam_prints_the_same_issue_once_more(stage: Stage) -> None:
    """Nothing of it is out, so it is no second original; and the citizen need not begin again."""
    stage.printer.gives_up_over_jam = True

    async def clear(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        nothing_printed(stage)
        stage.printer.repair()
        await stage.clock.pass_by(1.5)

    await play(stage, [*TO_PRINTING, (Printing, clear), (HandOver, None)])
    assert len(stage.printer.printed) == 1
    (issue,) = stage.ledger.issues()
    assert stage.printer.names == [f"{issue.token}-1", f"{issue.token}-2"]
    assert issue.state is State.OUT


async def test_a_jam_that_nobody_clears_ends_without_a_page(stage: Stage) -> None:
    stage.printer.gives_up_over_jam = True

    async def wait(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        await stage.clock.pass_by(122.0)

    await play(stage, [*TO_PRINTING, (Printing, wait), (Refusal, refused_for(Reason.PAPER_JAM_DURING))])
    nothing_printed(stage)


@pytest.mark.parametrize(
    ("left", "reason", "state"),
    [
        (JobReport(1, None, Outcome.PRINTED), Reason.INTERRUPTED_BUT_OUT, State.OUT),
        (JobReport(0, None, Outcome.CANCELLED), Reason.INTERRUPTED_NOT_OUT, State.NOT_OUT),
        (JobReport(0, None, Outcome.UNCERTAIN), Reason.PRINT_UNCERTAIN, State.UNCERTAIN),
        (JobReport(1, None, Outcome.CANCELLED), Reason.PRINT_UNCERTAIN, State.UNCERTAIN),
    ],
    ids=["out", "not out", "nobody knows", "half of it"],
)
async def test_after_a_crash_whoever_waits_hears_what_became_of_their_page(
    stage: Stage, left: JobReport, reason: Reason, state: State
) -> None:
    """The desk that printed is gone; its successor asks queue and printer before anything else is printed."""
    token = stage.ledger.issue("household", "ab" * 32, 2 if left.outcome is Outcome.CANCELLED else 1).token
    stage.printer.trouble, stage.printer.left_behind = Trouble.OFFLINE, left
    successor = replace(stage.desk, printer=PaperPort(stage.printer, stage.ledger, stage.stock, {}, stage.clock))

    async def comes_back(stage: Stage) -> None:
        await stage.clock.pass_by(21.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is not None)
        assert stage.printer.settled == []
        stage.printer.repair()
        await stage.clock.pass_by(2.0)

    def told(stage: Stage) -> None:
        refused_for(reason)(stage)
        assert stage.printer.settled == [f"{token}-1"]
        assert [issue.state for issue in stage.ledger.issues()] == [state]
        stage.screen.tap(Done())

    await play(stage, [(Home, comes_back), (Refusal, told), (Home, None)], attract(successor))


async def test_a_disk_that_fills_up_while_a_page_is_printed_loses_no_truth(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is out and cannot be written down: the terminal has a fault, and asks again before it prints."""

    def full(token: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage.ledger, "spooled", full)
    monkeypatch.setattr(stage.ledger, "out", full)

    async def room_again(stage: Stage) -> None:
        refused_for(Reason.INTERNAL)(stage)
        monkeypatch.undo()
        stage.printer.left_behind = JobReport(1, None, Outcome.PRINTED)
        take_card(stage)
        stage.screen.tap(Done())
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home))

    scenes: list[Scene] = [*TO_PRINTING, (Printing, None), (Refusal, room_again), (Home, None)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.INTERRUPTED_BUT_OUT))])
    assert [issue.state for issue in stage.ledger.issues()] == [State.OUT]


async def test_a_queue_that_is_lost_over_the_last_byte_is_asked_before_anything_else_is_printed(stage: Stage) -> None:
    """Nobody says that nothing was printed; the printer knows, and the citizen hears it."""
    stage.printer.loses_its_queue = True
    stage.printer.left_behind = JobReport(1, None, Outcome.PRINTED)

    def may_be_out(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        assert [issue.state for issue in stage.ledger.issues()] == [State.ISSUED]
        take_card(stage)
        stage.screen.tap(Done())

    scenes: list[Scene] = [*TO_PRINTING, (Printing, None), (Refusal, may_be_out), (Home, None)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.INTERRUPTED_BUT_OUT))])
    assert [issue.state for issue in stage.ledger.issues()] == [State.OUT]


async def test_stop_while_the_queue_is_lost_does_not_say_that_nothing_was_printed(stage: Stage) -> None:
    stage.printer.loses_its_queue = True
    stage.printer.line_free.clear()

    def lose(stage: Stage) -> None:
        stage.printer.line_free.set()

    scenes: list[Scene] = [*TO_PRINTING, (Printing, tap(Cancel())), (Waiting, lose)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.PRINT_UNCERTAIN))])
