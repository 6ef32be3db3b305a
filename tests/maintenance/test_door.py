"""The door for staff: an errand waits for its turn, is written down, and ends when whoever asked has gone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from workbench import Bench

from kiosk.clock import SystemClock
from kiosk.health.findings import Level
from kiosk.maintenance.allowance import ALLOWED_S, IN_S, LEAST_S, Allowance
from kiosk.maintenance.aside import STAND_ASIDE
from kiosk.maintenance.door import FLEET_MOST, STAFF_MOST, Door
from kiosk.maintenance.entries import ENTRIES
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.knock import NobodyThere, knock
from kiosk.maintenance.line import Line, Said, fine, wrong
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import Do, Done, Waits, encode
from kiosk.pages import Text

PATIENCE_S = 20.0
TITLE = Text("试验", "A trial")


async def _says_two(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    yield fine("好", "well")
    yield wrong(f"坏 {choice}", f"bad {choice}", Text("修理", "mend it"))


async def _breaks(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    yield fine("好", "well")
    raise RuntimeError("secret")


async def _talks(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    for _ in range(1000):
        yield fine("好" * 1000, "well" * 1000)


async def _waits(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    yield fine("好", "well")
    await asyncio.Event().wait()


def entry(name: str, run: object = _says_two, **more: object) -> Entry:
    words = {"title": TITLE, "group": Group.SERVICE, "roles": frozenset({Role.SERVICE}), **more}
    return Entry(name=name, run=run, **words)  # type: ignore[arg-type]


class HandClock(SystemClock):
    """Of which the machine has run for so long."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


async def _gives(floor: Floor) -> None:
    while True:
        await floor.wanted()
        await floor.give()


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
        entry("talks", _talks, alone=True),
        entry("waits", _waits),
    )
    door = Door(Menu(entries, bench.workshop), floor, *bench.bounds)
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


async def test_who_does_not_listen_leaves_no_turn_behind(
    house: tuple[Path, Floor, Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F03: a command that was stopped by Ctrl-Z, and reads no more, does not close the terminal for ever."""
    door, floor, bench = house
    monkeypatch.setattr("kiosk.maintenance.door.READS_WITHIN_S", 0.2)
    async with asyncio.timeout(PATIENCE_S):
        _, writer = await asyncio.open_unix_connection(door, limit=1)
        writer.write(encode(Do("talks", "", "console")))
        await floor.wanted()
        await floor.give()
    assert bench.records("maintenance.ended") == [{"entry": "talks", "outcome": "left", "by": "console"}]
    writer.close()


async def test_a_desk_that_goes_down_leaves_its_errands_first(bench: Bench, tmp_path: Path) -> None:
    """C19: how each ended is written down before the log is closed."""
    door = Door(Menu((entry("waits", _waits),), bench.workshop), Floor(), *bench.bounds)
    await door.open(tmp_path / "door.sock")
    wish = Do("waits", "", "console")
    async with asyncio.timeout(PATIENCE_S), aclosing(knock(tmp_path / "door.sock", wish)) as saying:
        assert await anext(saying) == fine("好", "well")
        await door.close()
    assert bench.records("maintenance.ended") == [{"entry": "waits", "outcome": "left", "by": "console"}]


async def test_a_wish_is_short(house: tuple[Path, Floor, Bench]) -> None:
    """C19: nobody fills the log by the name under which they ask."""
    door, _, bench = house
    for length in (300, 100_000):
        with pytest.raises(NobodyThere):
            await hear(door, Do("looks", "a", "x" * length))
    assert not bench.records("maintenance.began")


async def test_nobody_keeps_the_door_from_others_by_saying_nothing(
    house: tuple[Path, Floor, Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """E05: as many as the desk can bear at once, and the next hear so; who says nothing is shown out. And the log says
    so in its own words, not in those of whoever came."""
    door, _, bench = house
    monkeypatch.setattr("kiosk.maintenance.door.WISHES_WITHIN_S", 2.0)
    async with asyncio.timeout(PATIENCE_S):
        silent = [await asyncio.open_unix_connection(door) for _ in range(STAFF_MOST)]
        told, last = await hear(door, Do("110105194912310021", "a", "x"))
        assert isinstance(told, Line) and told.says.en == "there are too many errands at once"
        assert "one is sent away" in caplog.text and "110105194912310021" not in caplog.text
        assert last == Done(Level.FAIL)
        assert not bench.records("maintenance.began")
        silent += [await asyncio.open_unix_connection(door) for _ in range(STAFF_MOST)]
        with pytest.raises(NobodyThere):
            await hear(door, Do("looks", "a", "x"))
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()
    assert (await hear(door, Do("looks", "a", "x")))[0] == fine("好", "well")


async def test_an_entry_that_does_not_end_is_ended(bench: Bench) -> None:
    """F03: nobody waits for it for ever, and what became of it is written down."""
    hangs = entry("waits", _waits, within_s=0.1)
    async with asyncio.timeout(PATIENCE_S):
        _, said = await bench.lines(hangs)
    assert said.level is Level.FAIL and said.says.en.startswith("ended: it was not over")
    assert bench.records("maintenance.ended") == [{"entry": "waits", "outcome": "FAIL", "by": "test"}]


async def test_a_time_out_of_its_own_is_a_fault_and_not_the_menus_patience(bench: Bench) -> None:
    """F03: a cable that is out (ETIMEDOUT) is not told as five minutes that nobody waited."""

    async def times_out(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        yield fine("好", "well")
        raise TimeoutError(110, "Connection timed out")

    _, said = await bench.lines(entry("out", times_out))
    assert said.level is Level.FAIL and said.says.en.startswith("a fault")


def test_every_entry_ends() -> None:
    """F03: those that keep citizens waiting within minutes; a restart a few more (tests/fleet/test_when_free.py)."""
    assert all(each.within_s <= (600 if each is STAND_ASIDE else 300) for each in ENTRIES if each.alone)
    assert all(each.within_s <= 3600 for each in ENTRIES)


async def test_an_agent_does_not_keep_staff_from_the_door(
    house: tuple[Path, Floor, Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """E05: it has a few places of its own, and the next of it hear that there are no more."""
    door, _, _ = house
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    async with asyncio.timeout(PATIENCE_S):
        waiting = [await asyncio.open_unix_connection(door) for _ in range(FLEET_MOST)]
        told, _ = await hear(door, Do("looks", "a", "x"))
        assert isinstance(told, Line) and told.says.en == "there are too many errands at once"
        monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: True)
        assert (await hear(door, Do("looks", "a", "console")))[0] == fine("好", "well")
        for _, writer in waiting:
            writer.close()


async def test_what_an_entry_holds_is_let_go_of_before_the_next_begins(bench: Bench) -> None:
    """F03: also when it is left between two words: a job of staff is recalled before a citizen's can come."""
    left: list[str] = []

    async def holds(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        try:
            yield fine("好", "well")
        finally:
            await asyncio.sleep(0)
            left.append("let go")

    async with aclosing(Menu((), bench.workshop).perform(entry("holds", holds), "", "test")) as saying:
        assert await anext(saying) == fine("好", "well")
    assert left == ["let go"]


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


async def test_an_agent_cannot_keep_the_terminal_for_itself_for_ever(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F03, E05: what it had is counted, then it is refused without a citizen noticing; the board names it, staff still
    get in, and after some hours it is heard again."""
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    clock, floor = HandClock(), Floor()

    async def keeps(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        yield fine("好", "well")
        clock.seconds += 180

    allowance, (_, orders) = Allowance(clock), bench.bounds
    menu = Menu((entry("aside", keeps, alone=True, fleet=True),), bench.workshop)
    door, socket = Door(menu, floor, allowance, orders), "door.sock"
    await door.open(tmp_path / socket)
    wish = Do("aside", "", "x")

    async def asked() -> list[object]:
        hearing = asyncio.ensure_future(hear(tmp_path / socket, wish))
        giving = asyncio.ensure_future(_gives(floor))
        said = await hearing
        giving.cancel()
        return said

    for _ in range(int(ALLOWED_S / 180)):
        assert not allowance.findings
        assert (await asked())[-1] == Done(Level.OK)
    (finding,) = allowance.findings
    assert (finding.part, finding.level) == ("fleet", Level.WARN)
    refused, last = await hear(tmp_path / socket, wish)  # nobody gives it the floor: it was not asked for
    assert isinstance(refused, Line) and refused.says.en.startswith("the fleet had the terminal")
    assert last == Done(Level.FAIL)
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: True)
    assert (await asked())[-1] == Done(Level.OK)
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    clock.seconds += IN_S
    assert not allowance.findings
    assert (await asked())[-1] == Done(Level.OK)
    await door.close()


async def test_nor_by_asking_many_times_at_once(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E05: what waits is looked at again when its turn comes."""
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    clock, floor, began = HandClock(), Floor(), list[str]()

    async def keeps(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        began.append("one more")
        yield fine("好", "well")
        clock.seconds += ALLOWED_S / 2

    _, orders = bench.bounds
    menu = Menu((entry("aside", keeps, alone=True, fleet=True),), bench.workshop)
    door = Door(menu, floor, Allowance(clock), orders)
    await door.open(tmp_path / "door.sock")
    async with asyncio.timeout(PATIENCE_S):
        asking = [asyncio.ensure_future(hear(tmp_path / "door.sock", Do("aside", "", "x"))) for _ in range(FLEET_MOST)]
        while floor.waiting < len(asking):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        giving = asyncio.ensure_future(_gives(floor))
        ended = [said[-1] for said in await asyncio.gather(*asking)]
        giving.cancel()
    assert len(began) == 2
    assert ended.count(Done(Level.OK)) == len(began)
    await door.close()


async def test_one_that_comes_and_goes_pays_for_the_page_that_it_took_away() -> None:
    """E05: a thousand short ones are no way round."""
    allowance, times = Allowance(HandClock()), 0
    while not allowance.is_spent:
        with allowance.spend():
            times += 1
    assert times == ALLOWED_S / LEAST_S


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
