"""Delivery of profiles: checked, tried between two citizens, kept when the terminal is well, given back when not."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from at_the_door import desk
from hawkbit import TERMINAL
from profiles import Bench
from publishing import LOST, WELL, PublishingDesk, report
from signing import OperatorDesk

from hardware.printers.loopback_server import claim_port
from kiosk import meeting
from kiosk.audit.chain import verify
from kiosk.audit.log import AuditLog
from kiosk.enrolment import order
from kiosk.fleet import command
from kiosk.fleet.command import Command
from kiosk.fleet.ddi import COMMAND_PART
from kiosk.fleet.gate import STEADY_S, WITHIN_S
from kiosk.fleet.machine import GOES_DOWN_WITHIN_S, Machine
from kiosk.fleet.patience import FORCED_AFTER_S
from kiosk.fleet.profiles import HIGHEST, LIVES_MOST, give_back
from kiosk.fleet.trail import Trail
from kiosk.profile import Updates as Settings


async def test_a_profile_is_tried_and_kept(bench: Bench) -> None:
    """E07, F06"""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    assert bench.idle_s == 31.0
    bench.terminal.restart()
    await bench.terminal.steps(STEADY_S - 10)
    assert bench.hawkbit.closed == []
    await bench.terminal.steps(STEADY_S + 10)
    assert bench.hawkbit.closed == ["success"]
    assert bench.idle_s == 31.0
    assert [path.name for path in bench.folder.iterdir()] == ["current.jws"]
    assert not list(bench.terminal.kept.glob("profile.j*"))
    events = [event for event, _ in bench.terminal.audited]
    assert events == ["profile.received", "profile.tried", "profile.ended"]


async def test_it_waits_until_no_citizen_is_served(bench: Bench) -> None:
    bench.terminal.health = report(WELL, serving=True)
    bench.offer(1, bench.text(31.0))
    await bench.terminal.steps(600)
    assert not bench.terminal.wish.exists()
    assert bench.idle_s == 45.0
    bench.terminal.health = report(WELL)
    await bench.terminal.until_restart()
    assert bench.idle_s == 31.0


@pytest.mark.parametrize("health", [None, report(LOST)], ids=["the desk is dead", "the reader is lost"])
@pytest.mark.parametrize("held", [False, True], ids=["installed before", "delivered before"])
async def test_a_terminal_that_is_not_well_on_it_gives_it_back(bench: Bench, health: object, held: bool) -> None:
    if held:
        bench.has_taken(1, bench.text(30.0))
    before = bench.idle_s
    bench.offer(2, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    bench.terminal.health = health  # type: ignore[assignment]
    await bench.terminal.steps(WITHIN_S - 30)
    assert bench.idle_s == 31.0
    await bench.terminal.until_restart()
    assert bench.idle_s == before
    bench.terminal.restart()
    bench.terminal.health = report(WELL)
    assert "not well" in await bench.until_closed()
    assert bench.hawkbit.closed == ["failure"]
    bench.offer(2, bench.text(31.0), "9")
    assert (await bench.until_closed()).startswith("older-than-held: ")


async def test_a_profile_that_cuts_the_terminal_off_goes_back(bench: Bench) -> None:
    """What it says of the server is believed only when the server is reached. Citizens are served on it, so it goes
    back between two of them (E06)."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    there, bench.terminal.settings = (
        bench.terminal.settings,
        Settings(f"https://localhost:{claim_port(0)}", bench.terminal.settings.ca, token=bench.terminal.settings.token),
    )
    bench.terminal.health = report(WELL, serving=True)
    await bench.terminal.steps(WITHIN_S + 60)
    assert not bench.terminal.wish.exists()
    bench.terminal.health = report(WELL)
    await bench.terminal.until_restart()
    assert bench.idle_s == 45.0
    bench.terminal.restart()
    bench.terminal.settings = there
    assert "not well" in await bench.until_closed()


async def test_one_that_does_not_come_into_force_is_given_back(bench: Bench) -> None:
    """E07: that the terminal is well on another says nothing of it."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    (bench.folder / "current.jws").write_bytes(b"")
    await bench.terminal.steps(STEADY_S + 30)
    assert bench.hawkbit.closed == []
    await bench.terminal.until_restart()
    bench.terminal.restart()
    assert "not well" in await bench.until_closed()


async def test_agents_that_die_over_it_again_and_again_do_not_leave_it_undecided(bench: Bench) -> None:
    """Each begins the gate anew."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    for _ in range(LIVES_MOST):
        await bench.terminal.steps(STEADY_S - 10)
        assert not bench.terminal.wish.exists()
    await bench.terminal.steps(5)
    assert bench.terminal.wish.exists()
    assert bench.idle_s == 45.0


async def test_what_was_amiss_before_is_no_reason_to_give_it_back(bench: Bench) -> None:
    bench.terminal.health = report(LOST)
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    await bench.terminal.steps(STEADY_S + 10)
    assert bench.hawkbit.closed == ["success"]


async def test_refused_by_name(bench: Bench, tmp_path: Path) -> None:
    """Nothing of a refused one lies in the folder that the processes read. What is in force counts also where the
    memory says less."""
    bench.has_taken(5, bench.text(30.0))
    (bench.terminal.kept / HIGHEST).write_bytes(b'{"version":3}')
    held = (bench.folder / "current.jws").read_bytes()
    text = bench.text(31.0)
    lonely = text[: text.index("[fleet.updates]")]
    moved = text.replace(f'run = "{tmp_path}"', 'run = "/elsewhere"')
    others = text.replace(TERMINAL, "kiosk-0002")
    stranger = OperatorDesk(tmp_path / "stranger")
    for version, words, signer, why in [
        (6, text, stranger, "wrong-signer"),
        (6, others, None, "other-terminal"),
        (5, text, None, "older-than-held"),
        (4, text, None, "older-than-held"),
        (6, lonely, None, "not-a-profile"),
        (6, moved, None, "not-a-profile"),
    ]:
        bench.offer(version, words, signer=signer)
        assert (await bench.until_closed()).startswith(f"{why}: ")
        assert bench.terminal.audited[-1] == ("profile.refused", {"action": "8", "why": why})
    assert (bench.folder / "current.jws").read_bytes() == held
    assert not bench.terminal.wish.exists()


async def test_a_cancelled_one_is_not_tried(bench: Bench) -> None:
    bench.terminal.health = report(WELL, serving=True)
    bench.offer(1, bench.text(31.0))
    await bench.terminal.steps(60)
    bench.hawkbit.cancelled = "9"
    await bench.terminal.steps(10)
    bench.terminal.health = report(WELL)
    await bench.terminal.steps(60)
    assert not bench.terminal.wish.exists()
    assert bench.idle_s == 45.0


async def test_one_that_was_lost_while_it_waited_is_given_up(bench: Bench) -> None:
    """F06: the desk is not asked to stand aside again and again for what cannot be tried any more."""
    bench.terminal.health = report(WELL, serving=True)
    bench.offer(1, bench.text(31.0))
    await bench.terminal.steps(60)
    (bench.terminal.kept / "profile.jws").unlink()
    bench.terminal.health = report(WELL)
    assert "lost" in await bench.until_closed()
    assert bench.hawkbit.closed == ["failure"]
    assert not bench.terminal.wish.exists()


async def test_a_forced_one_is_asked_for_anew_no_longer_than_forced(bench: Bench) -> None:
    """F06: also when the machine did not go down at first."""
    bench.hawkbit.update = "forced"
    bench.offer(1, bench.text(31.0))
    async with bench.terminal.agent() as rounds:
        while not bench.terminal.wish.exists():
            await bench.terminal.clock.sleep(await rounds.step())
        bench.terminal.health = report(WELL, serving=True)
        bench.terminal.clock.seconds += GOES_DOWN_WITHIN_S
        await rounds.step()
        assert not bench.terminal.wish.exists(), "citizens are served again"
        bench.terminal.clock.seconds += FORCED_AFTER_S
        await rounds.step()
        assert bench.terminal.wish.exists()


async def test_the_time_of_a_forced_one_is_its_own(bench: Bench) -> None:
    """F06: not what was left of one that was taken back."""
    bench.hawkbit.update = "forced"
    bench.terminal.health = report(WELL, serving=True)
    async with bench.terminal.agent() as rounds:
        for version, action in ((1, "8"), (2, "10")):
            bench.offer(version, bench.text(31.0), action)
            end = bench.terminal.clock.seconds + FORCED_AFTER_S - 60
            while bench.terminal.clock.seconds < end:
                await bench.terminal.clock.sleep(await rounds.step())
            assert not bench.terminal.wish.exists()
            bench.hawkbit.cancelled = "9"
            await rounds.step()
            assert bench.hawkbit.feedback[-1][:3] == ("cancelAction", "closed", "success")


async def test_what_was_given_back_is_given_back_once(bench: Bench) -> None:
    """F06: an agent that cannot work with the one before either does not restart the machine again and again."""
    bench.offer(1, bench.text(31.0))
    await bench.terminal.until_restart()
    bench.terminal.restart()
    terminal = bench.terminal
    assert terminal.installed is not None
    log = AuditLog(terminal.kept / "audit", terminal.clock, terminal=TERMINAL, software="0.1.0", writer="agent")
    trail = Trail(log, bench.run / "newest")
    machine = Machine(terminal.wish, lambda: None, terminal.door, terminal.clock, terminal.boot)
    for asks in (True, False):
        assert give_back(terminal.kept, terminal.installed, machine, trail) is asks
        assert terminal.wish.exists() is asks
        assert bench.idle_s == 45.0
        terminal.restart()
    log.close()


async def agent(bench: Bench) -> asyncio.subprocess.Process:
    words = (sys.executable, "-m", "kiosk", "agent", "--profile", str(bench.path))
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nobody"}
    return await asyncio.create_subprocess_exec(*words, env=environment, stderr=asyncio.subprocess.PIPE)


@pytest.mark.parametrize("memory", ["whole", b"", None], ids=["known", "spoilt", "gone"])
@pytest.mark.parametrize("spoilt", ["token", "port"])
async def test_an_agent_that_cannot_work_with_it_gives_it_back_itself(
    bench: Bench, spoilt: str, memory: str | bytes | None
) -> None:
    """A profile that names a secret that is not there, or a port that is taken; also when nobody remembers the trial:
    the rounds, which would miss the memory, are not reached."""
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    text = bench.text(31.0, token="/nowhere/token") if spoilt == "token" else bench.text(31.0)
    if spoilt == "port":
        text = text.replace(f"metrics_port = {bench.port}", f"metrics_port = {port}")
    bench.offer(1, text)
    await bench.terminal.until_restart()
    bench.terminal.restart()
    assert bench.idle_s == 31.0
    if not isinstance(memory, str):
        bench.forgets(memory)
    process = await agent(bench)
    try:
        async with asyncio.timeout(60):
            while not bench.terminal.wish.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
        taken.close()
    assert bench.idle_s == 45.0


async def test_the_agent_itself_does_what_is_commanded(bench: Bench, fleet: OperatorDesk, tmp_path: Path) -> None:
    """From the server to the desk's door and back, with the program that a unit starts."""
    publishing = PublishingDesk(tmp_path)
    publishing.says(WELL)
    now = datetime.now(UTC)
    wanted = Command("c-1", (TERMINAL,), "self-test", now, now + timedelta(hours=1))
    bench.hawkbit.offer_signed("8", COMMAND_PART, command.sign(wanted, fleet.signer))
    async with desk(tmp_path, meeting.door_in(tmp_path)) as asked:
        process = await agent(bench)
        try:
            async with asyncio.timeout(60):
                while not bench.hawkbit.closed:
                    assert process.returncode is None
                    await asyncio.sleep(0.05)
        finally:
            process.terminate()
            await process.communicate()
    publishing.ends()
    assert (bench.hawkbit.closed, asked.entries, process.returncode) == (["success"], [("self-test", "")], 0)
    assert bench.hawkbit.introduced is not None and bench.hawkbit.introduced["profile"] == "0"
    assert verify(tmp_path / "kept/audit").records == 4  # agent started; command received, started, done


async def test_what_a_machine_was_enrolled_by_is_not_taken_back_by_an_older_one(
    bench: Bench, fleet: OperatorDesk
) -> None:
    """E07: whoever carries them may have kept one that was signed before the machine was enrolled anew."""
    jws = order.write(bench.text(45.0), 7, {}, fleet.signer, datetime.now(UTC), timedelta(days=1))
    enrolled = bench.run / "site"
    enrolled.mkdir()
    (enrolled / "order.jws").write_bytes(jws)
    bench.path.rename(enrolled / "profile.toml")
    bench.path.symlink_to(enrolled / "profile.toml")
    bench.offer(7, bench.text(31.0))
    process = await agent(bench)
    try:
        async with asyncio.timeout(60):
            while not bench.hawkbit.closed:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert bench.hawkbit.feedback[-1][3].startswith("older-than-held: version 7, and 7 ")
    finally:
        process.terminate()
        await process.communicate()


async def test_a_wrong_secret_does_not_stop_the_figures(bench: Bench, tmp_path: Path) -> None:
    """F03: the fleet sees a terminal that it cannot speak to."""
    from aiohttp import ClientError, ClientSession

    (tmp_path / "token").chmod(0o644)  # others may read it: refused
    publishing = PublishingDesk(tmp_path)
    publishing.says(WELL)
    process = await agent(bench)
    try:
        async with asyncio.timeout(60), ClientSession() as session:
            while True:
                assert process.returncode is None
                try:
                    async with session.get(f"http://127.0.0.1:{bench.port}/metrics") as answer:
                        assert "kiosk_desk_up 1.0" in await answer.text()
                        break
                except ClientError:
                    await asyncio.sleep(0.05)
            assert process.stderr is not None
            while b"others can read it" not in await process.stderr.readline():
                pass
    finally:
        process.terminate()
        await process.communicate()
        publishing.ends()
    assert process.returncode == 0
