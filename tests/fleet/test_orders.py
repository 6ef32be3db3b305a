"""The operator's orders at the desk's own door, whoever carries them: in time when they are begun, and what is said of
one that came before.
"""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from at_the_door import Asked, desk
from hawkbit import TERMINAL
from signing import OperatorDesk, command
from terminal import Terminal, given

from kiosk.audit.chain import records
from kiosk.fleet.command import CLOCKS_DIFFER_S, Command, sign
from kiosk.fleet.door import DeskDoor
from kiosk.health.findings import Level
from kiosk.maintenance.knock import knock
from kiosk.maintenance.line import Line
from kiosk.maintenance.orders import FILE
from kiosk.messages import Do, Done, Waits

PATIENCE_S = 20.0
NOW = datetime.now(UTC)


@pytest.fixture
async def asked(asked: Asked) -> Asked:
    asked.now = lambda: NOW
    return asked


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


@pytest.mark.parametrize(
    "case", ["none", "another's", "for others", "another thing", "another choice", "over", "spoilt"]
)
async def test_an_agent_in_other_hands_changes_nothing(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path, case: str
) -> None:
    """E05, E07: the desk believes the operator's words and not who carries them; looking needs none."""
    past = datetime.now(UTC) - timedelta(hours=1)
    words = {
        "none": b"",
        "another's": sign(command("out-of-service", argument="repair"), OperatorDesk(tmp_path / "stranger").signer),
        "for others": sign(command("out-of-service", argument="repair", to=("kiosk-0002",)), fleet.signer),
        "another thing": sign(command("in-service"), fleet.signer),
        "another choice": sign(command("out-of-service", argument="maintenance"), fleet.signer),
        "over": sign(
            command("out-of-service", argument="repair", issued_at=past, not_after=past + timedelta(minutes=1)),
            fleet.signer,
        ),
        "spoilt": sign(command("out-of-service", argument="repair"), fleet.signer)[:-4],
    }
    level, (said,) = await terminal.door.run("out-of-service", "repair", "c-1", words[case])
    assert level is Level.FAIL and "this order is not taken" in said
    assert asked.entries == []
    level, _ = await terminal.door.run("self-test", "", "c-1", b"")
    assert (level, asked.entries) == (Level.OK, [("self-test", "")])


async def test_an_order_is_done_once_whoever_brings_it_again(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    """E05: by this desk and by the next; who asks again hears how it ended."""
    order = sign(command("restart", argument="ui"), fleet.signer)
    assert (await terminal.door.run("restart", "ui", "c-1", order))[0] is Level.OK
    assert await terminal.door.run("restart", "ui", "c-1", order) == (
        Level.OK,
        ("OK: this was done before, and is not done again",),
    )
    async with desk(tmp_path, tmp_path / "next.sock", fleet.public) as next_desk:
        level, (said,) = await DeskDoor(tmp_path / "next.sock").run("restart", "ui", "c-2", order)
        assert level is Level.OK and "done before" in said
        assert next_desk.entries == []
    assert asked.entries == [("restart", "ui")]


async def test_a_memory_that_is_gone_lets_no_order_be_done_twice(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    """E05, E07: the audit log knows that there were some. What the operator orders later is done; and a terminal that
    had none does its first two at once."""
    assert (tmp_path / FILE).exists(), "it is looked for at the start, when nobody waits"
    orders = [sign(command("restart", argument="ui", id=f"c-{number}"), fleet.signer) for number in (1, 2)]
    for number, order in enumerate(orders, 1):
        assert (await terminal.door.run("restart", "ui", f"c-{number}", order))[0] is Level.OK
    (tmp_path / FILE).unlink()
    for _ in range(2):
        level, (said,) = await terminal.door.run("restart", "ui", "c-1", orders[0])
        assert level is Level.FAIL and "(replayed)" in said
    assert len(asked.entries) == len(orders)
    later = datetime.now(UTC) + timedelta(seconds=CLOCKS_DIFFER_S + 60)
    asked.now = lambda: later
    new = sign(command("restart", argument="ui", id="c-3", issued_at=later), fleet.signer)
    assert (await terminal.door.run("restart", "ui", "c-3", new))[0] is Level.OK


async def test_an_order_that_was_left_is_not_begun_again(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E05: to hang up in the middle is no way to have it twice."""
    order = sign(command("restart", argument="ui"), fleet.signer)
    asked.hangs.add("restart")
    asking = asyncio.create_task(terminal.door.run("restart", "ui", "c-1", order))
    async with asyncio.timeout(20):
        while not asked.entries:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asking.cancel()
        asked.hangs.clear()
        level, (said,) = await terminal.door.run("restart", "ui", "c-1", order)
    assert level is Level.FAIL and "begun before" in said
    assert asked.entries == [("restart", "ui")]


async def test_a_desk_that_forgot_what_was_ordered_does_nothing_that_is_older(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    """E05, E07"""
    order = sign(command("restart", argument="ui"), fleet.signer)
    assert (await terminal.door.run("restart", "ui", "c-1", order))[0] is Level.OK
    (tmp_path / FILE).write_bytes(b"{")
    level, (said,) = await terminal.door.run("restart", "ui", "c-1", order)
    assert level is Level.FAIL and "(replayed)" in said
    assert asked.entries == [("restart", "ui")]


async def test_the_desks_log_names_the_command(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    """C19"""
    await given(terminal, sign(command("out-of-service", argument="repair"), fleet.signer))
    (began,) = [
        record.body["fields"]
        for record in records(tmp_path / "desk-audit")
        if record.body["event"] == "maintenance.began"
    ]
    assert began == {"entry": "out-of-service", "choice": "repair", "by": "fleet out-of-service-1"}
