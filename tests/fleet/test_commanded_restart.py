"""The operator commands that the machine restarts: once, between two citizens, and not without end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from at_the_door import Asked
from hawkbit import TERMINAL
from publishing import WELL, report
from signing import OperatorDesk, command
from terminal import Terminal, given

from kiosk.fleet.authority import Authority
from kiosk.fleet.command import sign
from kiosk.fleet.ddi import COMMAND_PART
from kiosk.fleet.machine import GOES_DOWN_WITHIN_S, REFUSED_FOR_S
from kiosk.fleet.rounds import Rounds
from kiosk.profile import Fleet


async def asks(terminal: Terminal, rounds: Rounds) -> None:
    """Until the agent wants the restart."""
    while not terminal.wish.exists():
        await terminal.clock.sleep(await rounds.step())


async def serves(asked: Asked) -> None:
    """Until the desk stands aside no more."""
    while asked.standing_aside:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("argument", ["", "machine"])
async def test_a_restart_happens_once_and_closes_the_desk_first(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, argument: str
) -> None:
    """By whichever of its two names: the desk, which could be asked for it, too, would not know the boot again."""
    jws = sign(command("restart", argument=argument), fleet.signer)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, jws)
    async with terminal.agent() as rounds, asyncio.timeout(20):
        await asks(terminal, rounds)
        assert asked.standing_aside
        granted = Authority(Fleet(operator=fleet.public), TERMINAL, terminal.boot(), terminal.clock, terminal.kept)
        assert "the operator ordered it" in granted.judge(terminal.wish)
        await rounds.step()
    assert terminal.hawkbit.closed == []
    terminal.restart()
    await terminal.steps(30)
    assert terminal.hawkbit.closed == ["success"]
    await given(terminal, jws)
    assert not terminal.wish.exists()
    assert [event for event, _ in terminal.audited] == ["command.received", "command.started", "command.done"]
    assert asked.entries == []


async def test_a_machine_that_does_not_go_down_keeps_nobody_waiting(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """F06: after five minutes the desk may serve again, and the restart is asked for anew, between two citizens."""
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart"), fleet.signer))
    async with terminal.agent() as rounds, asyncio.timeout(20):
        await asks(terminal, rounds)
        assert asked.standing_aside
        terminal.clock.seconds += GOES_DOWN_WITHIN_S
        terminal.health = report(WELL, serving=True)
        await rounds.step()
        assert not terminal.wish.exists()
        await serves(asked)
        terminal.health = report(WELL)
        await rounds.step()
        assert terminal.wish.exists() and asked.standing_aside
        assert [event for event, _ in terminal.audited].count("command.started") == 1
    terminal.restart()
    await terminal.steps(30)
    assert terminal.hawkbit.closed == ["success"]


async def test_a_restart_that_is_refused_is_not_asked_for_again_at_once(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """E07, F06: the desk serves meanwhile, and does not stand aside again and again."""
    later = datetime.now(UTC) + timedelta(hours=3)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart", not_after=later), fleet.signer))
    async with terminal.agent() as rounds, asyncio.timeout(20):
        await asks(terminal, rounds)
        terminal.wish.unlink()  # as the service manager does then
        await rounds.step()
        await serves(asked)
        end = terminal.clock.seconds + REFUSED_FOR_S
        while terminal.clock.seconds < end - 10:
            await terminal.clock.sleep(await rounds.step())
            assert not (terminal.wish.exists() or asked.standing_aside)
        terminal.clock.seconds = end
        await rounds.step()
        assert terminal.wish.exists()


async def test_a_wish_for_a_restart_does_not_stand_because_the_server_is_away(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """F06: else a machine that goes down late, when the desk serves again by itself, cuts somebody off."""
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart"), fleet.signer))
    async with terminal.agent() as rounds, asyncio.timeout(20):
        await asks(terminal, rounds)
        terminal.hawkbit.away = True
        await rounds.step()
        assert terminal.wish.exists()
        terminal.clock.seconds += GOES_DOWN_WITHIN_S
        await rounds.step()
        assert not terminal.wish.exists()
        await serves(asked)


async def test_a_machine_that_never_goes_down_ends_the_command(terminal: Terminal, fleet: OperatorDesk) -> None:
    """F06: when it may not be begun any more, its server hears that it was not done."""
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart"), fleet.signer))
    await terminal.until_restart()
    terminal.clock.seconds += 3600 + GOES_DOWN_WITHIN_S
    await terminal.steps(GOES_DOWN_WITHIN_S + 30)
    assert terminal.hawkbit.closed == ["failure"]
    assert not terminal.wish.exists()


async def test_a_restart_waits_for_the_citizen_who_began_just_now(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """What the desk published is a moment old: it says nobody is served, and its floor says somebody is."""
    asked.citizen.clear()
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart"), fleet.signer))
    async with terminal.agent() as rounds:
        await rounds.step()
        waiting = asyncio.create_task(rounds.step())
        await asyncio.sleep(0.3)
        assert not terminal.wish.exists()
        asked.citizen.set()
        await waiting
        assert terminal.wish.exists()


async def test_a_restart_with_a_deadline_does_not_wait_for_ever(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    asked.citizen.clear()
    terminal.health = report(WELL, serving=True)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart", deadline=soon), fleet.signer))
    await terminal.steps(500)
    assert not terminal.wish.exists()
    await terminal.steps(200)
    assert terminal.wish.exists()


async def test_an_agent_that_died_before_the_wish_writes_it(terminal: Terminal, fleet: OperatorDesk) -> None:
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("restart"), fleet.signer))
    await terminal.until_restart()
    terminal.wish.unlink()
    await terminal.steps(10)
    assert terminal.wish.exists()
