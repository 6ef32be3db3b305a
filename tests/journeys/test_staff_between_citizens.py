"""Staff and citizens at one terminal: the sign, and the turn between two citizens."""

import asyncio

from playing import Scene, lay_card, play, refused_for
from theatre import PATIENCE_S, Stage, performing

from kiosk.health.findings import State
from kiosk.journeys.attract import attract
from kiosk.pages import ChooseCertificate, FaceCheck, Home, ReadingCard, Refusal, Waiting
from kiosk.reasons import Reason

TO_CHOICE: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None), (Waiting, None)]


async def test_a_closed_terminal_says_so_and_serves_nobody(stage: Stage) -> None:
    """F03: the home page has the sentence, the board is red, and a card that is laid all the same begins nothing."""
    stage.desk.sign.hang(Reason.CLOSED_FOR_REPAIR)

    async def is_closed(stage: Stage) -> None:
        closed = Reason.CLOSED_FOR_REPAIR
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is closed)
        assert stage.desk.health.state is State.OUT_OF_SERVICE
        lay_card(stage)

    await play(stage, [(Home, is_closed), (Refusal, refused_for(Reason.CLOSED_FOR_REPAIR))])
    assert not stage.identified_calls


async def test_staff_wait_for_the_citizen_and_the_next_one_for_staff(stage: Stage) -> None:
    """F03: no journey is cut off, and none begins while staff have the terminal."""
    begun, done = asyncio.Event(), asyncio.Event()

    async def errand() -> None:
        async with stage.desk.floor.alone():
            begun.set()
            await done.wait()

    async def staff_come(stage: Stage) -> None:
        working = asyncio.ensure_future(errand())
        await asyncio.sleep(0)
        assert not begun.is_set()
        stage.reader.remove()
        stage.booth.go_on.set()
        await begun.wait()
        page = stage.screen.pages[-1]
        assert isinstance(page, Home) and page.trouble is Reason.STAFF_AT_WORK
        lay_card(stage)
        await asyncio.sleep(0.2)  # nothing comes of it: there is no event to wait for
        assert stage.screen.pages[-1] == page
        stage.reader.remove()
        done.set()
        await working

    scenes: list[Scene] = [*TO_CHOICE, (ChooseCertificate, None)]
    async with performing(attract(stage.desk)), asyncio.timeout(PATIENCE_S):
        for number, (expected, happening) in enumerate(scenes):
            await stage.screen.seen(lambda pages, number=number: len(pages) > number)
            assert isinstance(stage.screen.pages[number], expected)
            if happening is not None:
                happening(stage)
        working = asyncio.ensure_future(staff_come(stage))
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Refusal))
        await stage.clock.pass_by(30.0)
        await working
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is None)
