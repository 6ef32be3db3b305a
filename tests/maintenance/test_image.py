"""Update now, roll back, log level: what staff ask of the image that runs."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from workbench import Bench, levels

from kiosk.clock import SystemClock
from kiosk.fleet.rauc import Rauc
from kiosk.fleet.rounds import LOOK_EVERY_S, Rounds
from kiosk.fleet.wish import Wish
from kiosk.health.findings import Level
from kiosk.loudness import Loudness
from kiosk.maintenance import image
from kiosk.maintenance.image import LOG_LEVEL, PROFILE_NEWEST, ROLLBACK, UPDATE
from kiosk.maintenance.line import Line
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.plan import PROFILE_WISH, UPDATE_WISH
from kiosk.maintenance.restarts import Supervised
from kiosk.messages import HowMuch
from kiosk.profile import Updates
from tests.fleet.two_slots import Signer, TwoSlots


@pytest.fixture
async def slots(tmp_path: Path) -> AsyncIterator[TwoSlots]:
    two = TwoSlots(tmp_path / "slots", Signer(tmp_path / "signer").certificate)
    await two.start()
    yield two
    await two.stop()


async def test_back_to_the_other_image(bench: Bench, slots: TwoSlots, monkeypatch: pytest.MonkeyPatch) -> None:
    """F03: Debian's RAUC boots the other slot next, and the machine restarts."""
    monkeypatch.setattr(image, "Rauc", partial(Rauc, slots.address))
    workshop = replace(bench.workshop, restarts=Supervised({}, slots.wish.parent))
    (said,) = [each async for each in ROLLBACK.run(workshop, "")]
    assert isinstance(said, Line) and said.level is Level.OK and said.says.en.startswith("leaves A")
    assert slots.primary == "B" and slots.wish.exists()


async def test_a_machine_without_rauc_cannot_go_back(bench: Bench, tmp_path: Path) -> None:
    wish = tmp_path / "restart"
    workshop = replace(bench.workshop, restarts=Supervised({}, tmp_path))
    (said,) = [each async for each in ROLLBACK.run(workshop, "")]
    assert isinstance(said, Line) and said.level is Level.FAIL and not wish.exists()


class TurnedClock(SystemClock):
    """Its sleepers wake at once; what they waited for is written down."""

    def __init__(self, file: Path) -> None:
        self.slept: list[float] = []
        self._now = 0.0
        self._file = file

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        if len(self.slept) == 2:
            self._file.touch()


async def test_update_now_wakes_the_agent(bench: Bench) -> None:
    """F03: long before its server said that it may ask again."""
    (nobody,) = await bench.lines(UPDATE)
    assert nobody.level is Level.FAIL
    updates = Updates("https://fleet.example", bench.profile.platform.ca, token="t")
    fleet = msgspec.structs.replace(bench.profile.fleet, updates=updates)
    workshop = replace(bench.workshop, profile=msgspec.structs.replace(bench.profile, fleet=fleet))
    assert levels([each async for each in UPDATE.run(workshop, "") if isinstance(each, Line)]) == {Level.OK}
    wish = bench.workshop.folder / "update-now"
    assert wish.exists()
    wish.unlink()
    clock = TurnedClock(wish)
    nobody_else: Any = None
    rounds = Rounds(nobody_else, nobody_else, nobody_else, nobody_else, clock, {}, Wish(wish))
    await rounds._rest(3600.0)
    assert clock.slept == [LOOK_EVERY_S, LOOK_EVERY_S]
    await rounds._rest(LOOK_EVERY_S)
    assert len(clock.slept) == 3


async def test_staff_say_that_the_profile_in_force_is_the_newest(bench: Bench) -> None:
    """E07: to the agent, which looks at once; it stands in the desk's log, too."""
    (nobody,) = await bench.lines(PROFILE_NEWEST)
    assert nobody.level is Level.FAIL
    fleet = msgspec.structs.replace(bench.profile.fleet, operator=Path("operator.pem"))
    workshop = replace(bench.workshop, profile=msgspec.structs.replace(bench.profile, fleet=fleet))
    newest, at_once = (Wish(bench.workshop.folder / name) for name in (PROFILE_WISH, UPDATE_WISH))
    assert not newest.comes() and not at_once.comes()
    async with aclosing(Menu((PROFILE_NEWEST,), workshop).perform(PROFILE_NEWEST, "", "certificate 17")) as saying:
        assert levels([each async for each in saying if isinstance(each, Line)]) == {Level.OK}
    assert newest.comes() and at_once.comes()
    assert not newest.comes(), "said once, it counts once"
    assert bench.records("maintenance.began")[-1] == {"entry": "profile-newest", "choice": "", "by": "certificate 17"}


async def test_more_is_said_by_every_process_of_the_desk(bench: Bench) -> None:
    """F03: what became of it is tests/kiosk/test_loudness.py; without a desk there is nobody to say more."""
    (nobody,) = await bench.lines(LOG_LEVEL, "debug")
    assert nobody.level is Level.FAIL
    told: list[HowMuch] = []
    loudness = Loudness(bench.workshop.clock, told.append)
    bench.workshop = replace(bench.workshop, loudness=loudness)
    try:
        said = [line for choice in ("debug", "info") for line in await bench.lines(LOG_LEVEL, choice)]
    finally:
        loudness.close()
    assert levels(said) == {Level.OK}
    assert told == [HowMuch("debug"), HowMuch("info")]
