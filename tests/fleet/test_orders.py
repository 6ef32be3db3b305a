"""The operator's orders at the desk's own door, whoever carries them: in time when they are begun, and what is said of
one that came before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from at_the_door import Asked, desk
from hawkbit import TERMINAL
from signing import OperatorDesk

from kiosk.fleet.command import CLOCKS_DIFFER_S, Command, sign
from kiosk.health.findings import Level
from kiosk.maintenance.knock import knock
from kiosk.maintenance.line import Line
from kiosk.maintenance.orders import FILE
from kiosk.messages import Do, Done, Waits

PATIENCE_S = 20.0
NOW = datetime.now(UTC)


@pytest.fixture
def fleet(tmp_path: Path) -> OperatorDesk:
    return OperatorDesk(tmp_path / "operator")


@pytest.fixture
async def asked(tmp_path: Path, fleet: OperatorDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    async with desk(tmp_path, tmp_path / "door.sock", fleet.public) as asked:
        asked.now = lambda: NOW
        yield asked


def ordered(fleet: OperatorDesk, what: str, argument: str) -> Do:
    command = Command("c-1", (TERMINAL,), what, NOW, NOW + timedelta(minutes=30), argument=argument)
    return Do(what, argument, "c-1", sign(command, fleet.signer))


async def hear(tmp_path: Path, wish: Do) -> list[object]:
    async with asyncio.timeout(PATIENCE_S), aclosing(knock(tmp_path / "door.sock", wish)) as saying:
        return [said async for said in saying]


async def test_one_that_waited_behind_a_citizen_until_its_time_was_over_is_not_begun(
    asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    """E05, E07: also when the agent, which is not believed, does not withdraw it."""
    asked.citizen.clear()
    wish = ordered(fleet, "out-of-service", "repair")
    async with asyncio.timeout(PATIENCE_S), aclosing(knock(tmp_path / "door.sock", wish)) as saying:
        assert await anext(saying) == Waits()
        asked.now = lambda: NOW + timedelta(hours=1)
        asked.citizen.set()
        refused, last = [said async for said in saying]
    assert isinstance(refused, Line) and refused.says.en == "this order is not taken (expired)"
    assert last == Done(Level.FAIL)
    assert asked.entries == []


async def test_who_brings_one_again_that_went_wrong_hears_so(asked: Asked, fleet: OperatorDesk, tmp_path: Path) -> None:
    """E05: no line of it says that all is well."""
    asked.fails.add("restart")
    wish = ordered(fleet, "restart", "ui")
    assert (await hear(tmp_path, wish))[-1] == Done(Level.FAIL)
    said, last = await hear(tmp_path, wish)
    assert isinstance(said, Line) and said.says.en.startswith("this was done before")
    assert (said.level, last) == (Level.FAIL, Done(Level.FAIL))
    assert said.remedy is not None
    assert asked.entries == [("restart", "ui")]


async def test_an_order_that_cannot_be_remembered_is_not_said_to_be_none(
    asked: Asked, fleet: OperatorDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E07: the operator did order it; it is the terminal that cannot."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.durable.replace", full)
    said, last = await hear(tmp_path, ordered(fleet, "restart", "ui"))
    assert isinstance(said, Line) and said.says.en == "this order is not taken (cannot)"
    assert last == Done(Level.FAIL)
    assert asked.entries == []


async def test_a_memory_that_was_spoilt_while_the_clock_was_ahead_says_until_when_it_refuses(
    asked: Asked, fleet: OperatorDesk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """E05, E07: fail closed; and whoever looks finds the moment, and not only that it was refused."""
    ahead = NOW + timedelta(days=1500)
    asked.now = lambda: ahead
    (tmp_path / FILE).write_bytes(b"{")
    wish = ordered(fleet, "restart", "ui")
    for moment in (ahead, NOW):
        asked.now = lambda moment=moment: moment  # type: ignore[misc]
        said, _ = await hear(tmp_path, wish)
        assert isinstance(said, Line) and said.says.en == "this order is not taken (replayed)"
    assert caplog.text.count(f"issued by {ahead + timedelta(seconds=CLOCKS_DIFFER_S):%Y-%m-%dT%H:%M:%S}") == 2
    assert asked.entries == []
