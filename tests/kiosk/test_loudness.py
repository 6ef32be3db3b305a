"""How much is logged, for a while: told to every worker, taken back by itself, and of our own modules alone."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from kiosk import journal
from kiosk.loudness import FOR_S, USUAL, Loudness
from kiosk.messages import HowMuch
from tests.journeys.theatre import HandClock

DEBUG = HowMuch("debug")


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in (*journal.OURS, "aiohttp", "")}
    yield
    assert logging.getLogger("aiohttp").level == before["aiohttp"], "a library may say what passes through it"
    assert logging.getLogger().level == before[""]
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


async def test_it_is_taken_back_after_an_hour_in_every_process() -> None:
    """E05: nobody has to remember to turn it down."""
    clock, one, other = HandClock(), list[HowMuch](), list[HowMuch]()
    loudness = Loudness(clock, one.append, other.append)
    loudness.turn(DEBUG)
    assert logging.getLogger("kiosk.anything").isEnabledFor(logging.DEBUG)
    await asyncio.sleep(0)
    await clock.pass_by(FOR_S - 1)
    assert one == other == [DEBUG]
    await clock.pass_by(2)
    assert one == other == [DEBUG, USUAL]
    assert not logging.getLogger("kiosk.anything").isEnabledFor(logging.DEBUG)


async def test_an_hour_begins_anew_with_each_wish() -> None:
    clock, told = HandClock(), list[HowMuch]()
    loudness = Loudness(clock, told.append)
    for _ in range(2):
        loudness.turn(DEBUG)
        await asyncio.sleep(0)
        await clock.pass_by(FOR_S - 1)
    assert told == [DEBUG, DEBUG]
    loudness.turn(USUAL)
    await clock.pass_by(2 * FOR_S)
    assert told == [DEBUG, DEBUG, USUAL]


async def test_a_desk_that_ends_says_as_much_as_ever() -> None:
    loudness = Loudness(HandClock())
    loudness.turn(DEBUG)
    loudness.close()
    assert not logging.getLogger("kiosk.anything").isEnabledFor(logging.DEBUG)
