"""Stop, an idle minute, and faults of the terminal itself: each a page, none its end."""

import pytest
from playing import (
    KIND,
    TO_CHOICE,
    TO_PREVIEW,
    TO_PRINTING,
    Scene,
    lay_card,
    nothing_printed,
    play,
    refused_for,
    take_card,
    tap,
    tap_tile,
)
from theatre import Stage

from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Home,
    Pick,
    PresentCard,
    Preview,
    Printing,
    Rate,
    ReadingCard,
    Refusal,
    Stars,
    StillHere,
    Waiting,
)
from kiosk.reasons import Reason
from platform_client.sandbox.faults import Fault


async def test_a_fault_of_the_terminal_itself_is_a_page_and_not_its_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: str, **fields: object) -> None:
        raise OSError("no space left")

    def fails(stage: Stage) -> None:
        monkeypatch.setattr(stage.desk.audit, "record", broken)
        lay_card(stage)

    def recovers(stage: Stage) -> None:
        refused_for(Reason.INTERNAL)(stage)
        monkeypatch.undo()
        take_card(stage)
        stage.screen.tap(Done())

    again: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None)]
    await play(stage, [(Home, fails), (Refusal, recovers), *again])
    assert stage.booth.asked == 1


async def test_a_rating_that_does_not_arrive_keeps_nobody(stage: Stage) -> None:
    def rate(stage: Stage) -> None:
        stage.faults.active, stage.faults.seconds = Fault.SLOW, 60.0
        stage.screen.tap(Stars(5))

    async def leave(stage: Stage) -> None:
        take_card(stage)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], HandOver) and not pages[-1].card)
        stage.screen.tap(Done())

    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, leave), (Rate, rate), (Home, None)])


@pytest.mark.parametrize(
    "scenes",
    [
        [(Home, tap_tile), (PresentCard, None)],
        [(Home, lay_card), (ReadingCard, None), (FaceCheck, None)],
        [*TO_CHOICE[:-1], (Waiting, None)],
        [*TO_CHOICE, (ChooseCertificate, None)],
        [*TO_PREVIEW, (Preview, None)],
    ],
    ids=["present-card", "face-check", "asking-kinds", "choose", "preview"],
)
async def test_stop_works_on_every_page(stage: Stage, scenes: list[Scene]) -> None:
    page = scenes[-1][0]
    if page is FaceCheck:
        stage.booth.go_on.clear()
    await play(stage, [*scenes[:-1], (page, tap(Cancel())), (Refusal, refused_for(Reason.CANCELLED))])


async def test_stop_works_while_the_card_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked_before_the_card_is_read() -> None:
        stage.reader.faults.silent = stage.desk.reader.present

    monkeypatch.setattr(stage.printer, "condition", asked_before_the_card_is_read)
    await play(stage, [(Home, lay_card), (ReadingCard, tap(Cancel())), (Refusal, refused_for(Reason.CANCELLED))])


@pytest.mark.parametrize(
    "scenes",
    [
        [(Home, tap_tile), (PresentCard, None)],
        [*TO_CHOICE, (ChooseCertificate, None)],
        [*TO_PREVIEW, (Preview, None)],
    ],
    ids=["present-card", "choose", "preview"],
)
async def test_an_idle_minute_ends_the_session_with_a_countdown(stage: Stage, scenes: list[Scene]) -> None:
    async def idle(stage: Stage) -> None:
        await stage.clock.pass_by(46.0)
        assert stage.screen.countdown == 19
        await stage.clock.pass_by(20.0)

    await play(stage, [*scenes[:-1], (scenes[-1][0], idle), (Refusal, refused_for(Reason.IDLE))])
    nothing_printed(stage)


async def test_one_tap_stops_the_countdown(stage: Stage) -> None:
    async def stir(stage: Stage) -> None:
        await stage.clock.pass_by(50.0)
        assert stage.screen.countdown is not None
        stage.screen.tap(StillHere())
        await stage.screen.seen(lambda _: stage.screen.countdown is None)
        await stage.clock.pass_by(40.0)
        stage.screen.tap(Pick(KIND))

    await play(stage, [*TO_CHOICE, (ChooseCertificate, stir), (Waiting, None), (Preview, None)])


async def test_after_an_answer_the_countdown_begins_anew(stage: Stage) -> None:
    async def stir_and_leave(stage: Stage) -> None:
        await stage.clock.pass_by(50.0)
        stage.screen.tap(StillHere())
        await stage.screen.seen(lambda _: stage.screen.countdown is None)
        await stage.clock.pass_by(46.0)
        assert stage.screen.countdown == 19
        await stage.clock.pass_by(20.0)

    await play(stage, [*TO_CHOICE, (ChooseCertificate, stir_and_leave), (Refusal, refused_for(Reason.IDLE))])


async def test_a_card_that_comes_during_the_countdown_is_an_answer(stage: Stage) -> None:
    async def late(stage: Stage) -> None:
        await stage.clock.pass_by(60.0)
        assert stage.screen.countdown is not None
        lay_card(stage)

    await play(stage, [(Home, tap_tile), (PresentCard, late), (ReadingCard, None), (FaceCheck, None)])
    assert stage.screen.countdown is None


async def test_who_comes_near_during_the_countdown_neither_sees_the_page_nor_stops_it(stage: Stage) -> None:
    """C20: the page is veiled at once, and counts on."""

    async def overlooked(stage: Stage) -> None:
        await stage.clock.pass_by(50.0)
        left = stage.screen.countdown
        assert left is not None
        for near in (True, False):
            stage.booth.near.put_nowait(near)
            await stage.screen.seen(lambda pages, near=near: getattr(pages[-1], "overlooked", None) is near)
            assert stage.screen.countdown == left
        await stage.clock.pass_by(20.0)

    await play(stage, [*TO_CHOICE, (ChooseCertificate, overlooked), (Refusal, refused_for(Reason.IDLE))])
