"""How a journey test reads: a list of (expected page, what happens then), and what a hand can do."""

import asyncio
from collections.abc import Awaitable, Callable

from theatre import PATIENCE_S, Stage, performing

from kiosk.journeys.attract import attract
from kiosk.pages import (
    Action,
    ChooseCertificate,
    FaceCheck,
    Home,
    Page,
    Pick,
    Preview,
    Print,
    ReadingCard,
    Refusal,
    Waiting,
)
from kiosk.reasons import Reason

KIND = "social-insurance"
Happening = Callable[[Stage], Awaitable[None] | None]
Scene = tuple[type[Page], Happening | None]


async def play(stage: Stage, scenes: list[Scene], terminal: Awaitable[None] | None = None) -> None:
    """Every page comes, in this order and no other, and on each the given thing happens."""
    async with performing(terminal or attract(stage.desk)), asyncio.timeout(PATIENCE_S):
        for number, (_, happening) in enumerate(scenes):
            await stage.screen.seen(lambda pages, number=number: len(pages) > number)
            shown = [type(seen).__name__ for seen in stage.screen.pages[: number + 1]]
            assert shown == [expected.__name__ for expected, _ in scenes[: number + 1]]
            if happening is not None:
                waiting = happening(stage)
                if waiting is not None:
                    await waiting


def tap(action: Action) -> Happening:
    return lambda stage: stage.screen.tap(action)


def lay_card(stage: Stage) -> None:
    stage.reader.insert(stage.card)


def take_card(stage: Stage) -> None:
    stage.reader.remove()


def unplug(stage: Stage) -> None:
    stage.reader.unplug()


def refused_for(reason: Reason) -> Happening:
    def check(stage: Stage) -> None:
        page = stage.screen.pages[-1]
        assert isinstance(page, Refusal)
        assert page.reason is reason

    return check


async def tiles(stage: Stage) -> None:
    await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and bool(pages[-1].kinds))


async def tap_tile(stage: Stage) -> None:
    await tiles(stage)
    stage.screen.tap(Pick(KIND))


def nothing_printed(stage: Stage) -> None:
    assert stage.printer.printed == []


TO_CHOICE: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None), (Waiting, None)]
TO_WAITING: list[Scene] = [*TO_CHOICE, (ChooseCertificate, tap(Pick(KIND)))]
TO_PREVIEW: list[Scene] = [*TO_WAITING, (Waiting, None)]
TO_PRINTING: list[Scene] = [*TO_PREVIEW, (Preview, tap(Print()))]
