"""Asking the machine to restart: how long the desk stands aside for it, and when a desk counts as one that opens to
nobody.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import fields
from pathlib import Path

from publishing import WELL, report
from terminal import HandClock

from kiosk.fleet.door import NoDoor
from kiosk.fleet.machine import OPENS_WITHIN_S, REFUSED_FOR_S, Machine
from kiosk.fleet.rounds import AFTER_A_FAULT_S
from kiosk.maintenance.aside import STAND_ASIDE
from kiosk.maintenance.plan import GOES_DOWN_WITHIN_S
from kiosk.maintenance.workshop import Workshop


class ShutDoor:
    """A desk that lives and refuses."""

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        raise NoDoor("there are too many errands at once")
        yield


async def test_the_desk_stands_aside_until_the_agent_has_taken_its_wish_back() -> None:
    """F06: a machine that goes down late cuts off nobody who was let in meanwhile."""
    clock = HandClock()
    workshop = Workshop(**{**dict.fromkeys((each.name for each in fields(Workshop)), None), "clock": clock})  # type: ignore[arg-type]
    async with aclosing(STAND_ASIDE.run(workshop, "")) as saying:
        async for _ in saying:
            pass
    assert clock.seconds > GOES_DOWN_WITHIN_S + AFTER_A_FAULT_S
    assert STAND_ASIDE.within_s > clock.seconds, "the menu ends it before"


async def test_a_restart_at_once_that_is_refused_is_not_asked_for_again_at_once(tmp_path: Path) -> None:
    """E07, F06: a terminal that is not well on an update asks at each look."""
    clock, wish = HandClock(), tmp_path / "restart"
    machine = Machine(wish, lambda: None, ShutDoor(), clock, lambda: "boot 1")
    machine.restart()
    wish.unlink()  # as the service manager does then
    assert not await machine.is_going_down()
    machine.restart()
    assert not wish.exists()
    clock.seconds += REFUSED_FOR_S
    machine.restart()
    assert wish.exists()


async def test_a_desk_that_refuses_now_and_then_is_none_that_opens_to_nobody(tmp_path: Path) -> None:
    """F06: only one that refuses for half an hour is passed over; who was served between two refusals counts."""
    clock, wish = HandClock(), tmp_path / "restart"
    health = report(WELL)
    machine = Machine(wish, lambda: health, ShutDoor(), clock, lambda: "boot 1")

    async def ask() -> bool:
        return await machine.restart_when_free(lambda: None)

    assert not await ask()
    clock.seconds += OPENS_WITHIN_S / 2
    health = report(WELL, serving=True)
    assert not await ask()
    clock.seconds += OPENS_WITHIN_S / 2
    health = report(WELL)
    assert not await ask()
    assert not wish.exists()
    clock.seconds += OPENS_WITHIN_S
    assert await ask()
    assert wish.exists()
