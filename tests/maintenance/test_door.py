"""The door for staff: an errand waits for its turn, is written down, and ends when whoever asked has gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from workbench import Bench

from kiosk.health.findings import Level
from kiosk.maintenance.door import Door
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.knock import NobodyThere, knock
from kiosk.maintenance.line import Line, Said, fine, wrong
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import Do, Done, Waits
from kiosk.pages import Text

PATIENCE_S = 20.0
TITLE = Text("试验", "A trial")


async def _says_two(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    yield fine("好", "well")
    yield wrong(f"坏 {choice}", f"bad {choice}", Text("修理", "mend it"))


async def _breaks(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    yield fine("好", "well")
    raise RuntimeError("secret")


def entry(name: str, run: object = _says_two, **more: object) -> Entry:
    words = {"title": TITLE, "group": Group.SERVICE, "roles": frozenset({Role.SERVICE}), **more}
    return Entry(name=name, run=run, **words)  # type: ignore[arg-type]


async def hear(door: Path, wish: Do) -> list[object]:
    async with asyncio.timeout(PATIENCE_S), aclosing(knock(door, wish)) as saying:
        return [said async for said in saying]


@pytest.fixture
async def house(bench: Bench, tmp_path: Path) -> AsyncIterator[tuple[Path, Floor, Bench]]:
    floor = Floor()
    entries = (
        entry("looks", choices=(Choice("a", TITLE),), fleet=True),
        entry("alone", alone=True),
        entry("breaks", _breaks),
    )
    door = Door(Menu(entries, bench.workshop), floor)
    await door.open(tmp_path / "door.sock")
    yield tmp_path / "door.sock", floor, bench
    await door.close()


async def test_what_an_entry_says_comes_through_the_door(house: tuple[Path, Floor, Bench]) -> None:
    """F03: the command and the fleet see what the menu shows; who asked for what is in the log."""
    door, _, bench = house
    first, second, last = await hear(door, Do("looks", "a", "console"))
    assert first == fine("好", "well")
    assert isinstance(second, Line) and second.says.en == "bad a" and second.remedy is not None
    assert last == Done(Level.FAIL)
    assert bench.records("maintenance.began") == [{"entry": "looks", "choice": "a", "by": "console"}]
    assert bench.records("maintenance.ended") == [{"entry": "looks", "outcome": "FAIL", "by": "console"}]


async def test_an_errand_that_needs_the_terminal_waits_for_its_turn(house: tuple[Path, Floor, Bench]) -> None:
    """F03: no citizen is cut off by staff."""
    door, floor, _ = house
    async with asyncio.timeout(PATIENCE_S), aclosing(knock(door, Do("alone", "", "console"))) as saying:
        assert await anext(saying) == Waits()
        hearing = asyncio.ensure_future(anext(saying))
        await floor.wanted()
        assert not hearing.done()
        giving = asyncio.ensure_future(floor.give())
        assert await hearing == fine("好", "well")
        async for _said in saying:
            pass
        await giving


async def test_who_goes_away_leaves_no_turn_behind(house: tuple[Path, Floor, Bench]) -> None:
    """F03: a command that is broken off does not close the terminal for ever."""
    door, floor, _ = house
    async with asyncio.timeout(PATIENCE_S):
        async with aclosing(knock(door, Do("alone", "", "console"))) as saying:
            assert await anext(saying) == Waits()
            await floor.wanted()
        await hear(door, Do("looks", "a", "console"))
        await floor.give()


@pytest.mark.parametrize("wish", [Do("nothing", "", "x"), Do("looks", "b", "x"), Do("looks", "", "x")])
async def test_an_unknown_wish_is_refused(house: tuple[Path, Floor, Bench], wish: Do) -> None:
    """Fail closed: nothing is done, nothing is guessed."""
    door, _, bench = house
    refused, last = await hear(door, wish)
    assert isinstance(refused, Line) and refused.level is Level.FAIL
    assert last == Done(Level.FAIL)
    assert not bench.records("maintenance.began")


async def test_the_fleet_may_not_have_everything(
    house: tuple[Path, Floor, Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F03: whoever is neither root nor the desk's own user gets in those entries alone that are for the fleet."""
    door, _, bench = house
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    assert (await hear(door, Do("looks", "a", "console")))[0] == fine("好", "well")
    assert bench.records("maintenance.began")[-1]["by"] == "fleet console"
    refused, _ = await hear(door, Do("breaks", "", "x"))
    assert isinstance(refused, Line) and refused.level is Level.FAIL


async def test_a_fault_ends_the_entry_and_not_the_desk(
    house: tuple[Path, Floor, Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """E05: what an exception quotes goes nowhere."""
    door, _, _ = house
    *_, said, last = await hear(door, Do("breaks", "", "console"))
    assert isinstance(said, Line) and "secret" not in said.says.en
    assert "secret" not in caplog.text and "RuntimeError at" in caplog.text
    assert last == Done(Level.FAIL)
    assert (await hear(door, Do("looks", "a", "x")))[0] == fine("好", "well")


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(NobodyThere, match="No such file"):
        await hear(tmp_path / "door.sock", Do("looks", "a", "console"))
