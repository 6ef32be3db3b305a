"""Power that goes, or a disk that is full, while a delivered profile is tried."""

import asyncio
from pathlib import Path

import pytest
from at_the_door import desk
from profiles import Bench
from publishing import WELL, report

from kiosk.fleet.door import DeskDoor
from kiosk.fleet.gate import STEADY_S, WITHIN_S


class PowerCut(BaseException):
    """Nothing catches it."""


def cut(*_: object) -> None:
    raise PowerCut


async def test_one_that_waits_outlives_a_power_cut(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """E07: what was only written, and not made durable, is an empty file then; put in force, the installed profile
    would be."""
    bench.terminal.health = report(WELL, serving=True)
    bench.offer(1, bench.text(31.0))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", lambda path, _: path.touch())
        await bench.terminal.steps(60)
    bench.terminal.health = report(WELL)
    await bench.terminal.until_restart()
    assert bench.idle_s == 31.0


async def test_a_disk_that_is_full_does_not_keep_the_desk_aside(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F06: citizens are served until the profile can be put in force."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with desk(tmp_path, tmp_path / "door.sock") as asked, asyncio.timeout(20):
        bench.terminal.door = DeskDoor(tmp_path / "door.sock")
        bench.offer(1, bench.text(31.0))
        with monkeypatch.context() as patched:
            patched.setattr("kiosk.fleet.signed_profile.put", full)
            async with bench.terminal.agent() as rounds:
                for _ in range(3):
                    await rounds.step()
                assert not bench.terminal.wish.exists()
                await bench.terminal.door.run("self-test", "", "somebody else", b"")
        assert asked.entries == [("self-test", "")]
        bench.terminal.health = report(WELL, serving=True)
        await bench.terminal.steps(120)
        assert not bench.terminal.wish.exists(), "a citizen who came meanwhile is cut off"
        bench.terminal.health = report(WELL)
        await bench.terminal.until_restart()
    assert bench.idle_s == 31.0


@pytest.mark.parametrize("step", ["put", "put_back", "ask"])
async def test_a_power_cut_at_any_step_ends_on_a_profile_that_works(
    bench: Bench, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.offer(1, bench.text(31.0))
    if step == "put_back":
        await bench.terminal.until_restart()
        bench.terminal.restart()
        bench.terminal.health = None
    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        where = "kiosk.fleet.authority.write" if step == "ask" else f"kiosk.fleet.signed_profile.{step}"
        patched.setattr(where, cut)
        await bench.terminal.steps(WITHIN_S + 60)
    await bench.terminal.until_restart()
    bench.terminal.restart()
    bench.terminal.health = report(WELL)
    await bench.terminal.steps(STEADY_S + 20)
    assert bench.hawkbit.closed == ["failure" if step == "put_back" else "success"]
    assert bench.idle_s == (45.0 if step == "put_back" else 31.0)


async def test_power_that_is_cut_before_it_is_given_back_does_not_leave_it_in_force(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E07: the machine comes up once more with what it was not well on, and gives it back then."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    bench.terminal.health = None
    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr("kiosk.fleet.signed_profile.put_back", cut)
        await bench.terminal.steps(WITHIN_S + 60)
    bench.terminal.restart()
    assert bench.idle_s == 31.0
    await bench.terminal.until_restart()
    assert bench.idle_s == 45.0
    bench.terminal.restart()
    assert "not well" in await bench.until_closed()
