"""Commands of the operator: done once and by nobody else's word, between two citizens, and the server hears how.

hawkBit is a stub of its public interface; the desk's door, its floor and its menu are the real ones (at_the_door.py).
"""

import hashlib
import logging
import os
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from at_the_door import Asked
from hawkbit import TERMINAL
from publishing import WELL, report
from signing import OperatorDesk, command
from terminal import Terminal, given

from kiosk.__main__ import main
from kiosk.fleet import operator
from kiosk.fleet.command import TYPE, Command, sign
from kiosk.fleet.commands import Outcome
from kiosk.fleet.ddi import COMMAND_PART
from kiosk.fleet.door import DeskDoor
from kiosk.fleet.kept import Kept
from kiosk.fleet.once import REMEMBERED_MOST, Memory


@pytest.mark.parametrize(
    "what, argument",
    [
        ("out-of-service", "repair"),
        ("in-service", ""),
        ("log-level", "debug"),
        ("self-test", ""),
        ("diagnostics", ""),
        ("restart", "ui"),
    ],
)
async def test_the_desk_does_what_the_operator_commands(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, what: str, argument: str
) -> None:
    """E07, F06: received, started, done stand in the agent's log, and the desk's own says who asked."""
    heard = await given(terminal, sign(command(what, argument=argument), fleet.signer))
    assert asked.entries == [(what, argument)]
    assert heard[-1][1:3] == ("closed", "success")
    assert f"{what} is done" in heard[-1][3]
    assert [event for event, _ in terminal.audited] == ["command.received", "command.started", "command.done"]
    assert "audit log: " in heard[-1][3]


async def test_a_level_is_the_agents_own_too_and_ends_with_it(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """F03: what the fleet wants to see is often the way to itself."""
    ours = logging.getLogger("kiosk.fleet")
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("log-level", argument="debug"), fleet.signer))
    async with terminal.agent() as rounds:
        while not terminal.hawkbit.closed:
            await rounds.step()
        assert ours.isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("aiohttp").isEnabledFor(logging.DEBUG)
    assert not ours.isEnabledFor(logging.DEBUG)


async def test_diagnostics_reach_the_operator_whole(terminal: Terminal, fleet: OperatorDesk) -> None:
    """In pieces that hawkBit takes; what is in them only the operator reads (kiosk.maintenance.exporting)."""
    content = os.urandom(100_000)
    (terminal.kept / "diagnostics.cms").write_bytes(content)
    heard = await given(terminal, sign(command("diagnostics"), fleet.signer))
    told = [line for _, _, _, details in heard for line in details.split("piece ")[1:]]
    pieces = [line.split() for line in told]
    assert [number for number, _ in pieces] == [f"{at}/{len(pieces)}" for at in range(1, len(pieces) + 1)]
    assert b64decode("".join(piece for _, piece in pieces)) == content
    assert hashlib.sha256(content).hexdigest() in heard[-1][3]


async def test_diagnostics_that_are_too_long_for_the_server_are_said_to_be(
    terminal: Terminal, fleet: OperatorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.fleet.commands.FEEDBACKS_MOST", 1)
    (terminal.kept / "diagnostics.cms").write_bytes(bytes(100_000))
    heard = await given(terminal, sign(command("diagnostics"), fleet.signer))
    assert "too many" in heard[-1][3]
    assert "piece 1" not in "".join(details for *_, details in heard)


async def test_what_the_desk_cannot_do_is_told(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    asked.fails.add("self-test")
    heard = await given(terminal, sign(command("self-test"), fleet.signer))
    assert heard[-1][2] == "failure"
    assert "it does not work; mend it" in heard[-1][3]
    heard = await given(terminal, sign(command("log-level", argument="loud"), fleet.signer), "9")
    assert heard[-1][2] == "failure"
    assert terminal.audited[-1] == ("command.failed", {"id": "log-level-1", "command": "log-level"})


async def test_refused_by_name(terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path) -> None:
    """E07: each refusal has its name, in the log and at the server."""
    now = datetime.now(UTC)
    stranger = OperatorDesk(tmp_path / "stranger")
    unknown = replace_command(command("in-service"), "format-disk")
    cases = {
        "wrong-signer": sign(command("in-service"), stranger.signer),
        "other-terminal": sign(command("in-service", to=("kiosk-0002", "group:hall-8")), fleet.signer),
        "expired": sign(
            command("in-service", issued_at=now - timedelta(hours=2), not_after=now - timedelta(hours=1)), fleet.signer
        ),
        "not-yet": sign(
            command("in-service", issued_at=now + timedelta(hours=1), not_after=now + timedelta(hours=2)), fleet.signer
        ),
        "unknown-command": operator.sign(unknown, TYPE, fleet.signer),
        "not-signed": b"in-service, please",
        "cannot": sign(command("update", argument="0" * 64), fleet.signer),
    }
    for number, (why, jws) in enumerate(cases.items()):
        heard = await given(terminal, jws, str(number))
        assert heard[-1][1:3] == ("closed", "failure")
        assert heard[-1][3].startswith(f"{why}: ")
        assert terminal.audited[-1] == ("command.refused", {"action": str(number), "why": why})
    terminal.pinned = None
    assert (await given(terminal, cases["cannot"]))[-1][3].startswith("no-operator: ")
    assert asked.entries == []


def replace_command(one: Command, what: str) -> Command:
    return Command(id=one.id, to=one.to, command=what, issued_at=one.issued_at, not_after=one.not_after)


async def test_a_group_is_meant_by_its_name(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    await given(terminal, sign(command("in-service", to=("group:hall-7",)), fleet.signer))
    assert asked.entries == [("in-service", "")]


async def test_the_same_command_twice_acts_once(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    """Also after the agent was started again, as each `given` does: told again for the same action, refused else."""
    jws = sign(command("self-test"), fleet.signer)
    first = await given(terminal, jws)
    again = await given(terminal, jws)
    assert first[-1][:3] == again[-1][:3]
    assert "self-test is done" in again[-1][3]
    elsewhere = await given(terminal, jws, "9")
    assert elsewhere[-1][2] == "failure"
    assert elsewhere[-1][3].startswith("replayed: ")
    assert asked.entries == [("self-test", "")]


async def test_its_outcome_is_told_again_also_when_its_time_is_over(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    jws = sign(command("self-test"), fleet.signer)
    await given(terminal, jws)
    terminal.clock.seconds += 7200
    assert (await given(terminal, jws))[-1][2] == "success"
    assert len(asked.entries) == 1


async def test_what_is_too_old_to_be_remembered_is_not_done(terminal: Terminal, fleet: OperatorDesk) -> None:
    long_ago = command("in-service")
    memory = {f"c{number}": Outcome("1", long_ago.issued_at, True, ()) for number in range(REMEMBERED_MOST)}
    Kept(terminal.kept / "commands.json", Memory[Outcome]).keep(Memory(memory))
    later = command("self-test", issued_at=long_ago.issued_at + timedelta(minutes=1))
    await given(terminal, sign(later, fleet.signer))
    assert (await given(terminal, sign(long_ago, fleet.signer), "9"))[-1][3].startswith("replayed: ")


async def test_what_is_forgotten_stays_forgotten(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    """A command from before the memory was spoilt, that ends after it, does not open the time in between again."""
    now = datetime.now(UTC)
    old = Outcome("1", now - timedelta(hours=2), True, ())
    newer = {f"c{number}": Outcome("1", now, True, ()) for number in range(REMEMBERED_MOST - 1)}
    Kept(terminal.kept / "commands.json", Memory[Outcome]).keep(Memory({**newer, "old": old}, forgotten=now))
    await given(terminal, sign(command("in-service", issued_at=now + timedelta(minutes=1)), fleet.signer))
    between = command("self-test", issued_at=now - timedelta(minutes=1))
    assert (await given(terminal, sign(between, fleet.signer), "9"))[-1][3].startswith("replayed: ")
    assert asked.entries == [("in-service", "")]


@pytest.mark.parametrize("spoilt", [b"", b"{}x", b'{"outcomes": 3}', b"\xff", None])
async def test_a_memory_that_was_spoilt_or_is_gone_lets_nothing_be_done_twice(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, spoilt: bytes | None
) -> None:
    """E07: fail closed: whatever was issued until now may have been done; what is issued later is done."""
    before = sign(command("self-test"), fleet.signer)
    await given(terminal, before)
    if spoilt is None:
        (terminal.kept / "commands.json").unlink()
    else:
        (terminal.kept / "commands.json").write_bytes(spoilt)
    for action in ("8", "9"):
        assert (await given(terminal, before, action))[-1][3].startswith("replayed: ")
    terminal.clock.seconds += 601
    later = command("in-service", issued_at=terminal.clock.now())
    assert (await given(terminal, sign(later, fleet.signer), "10"))[-1][2] == "success"
    assert asked.entries == [("self-test", ""), ("in-service", "")]


async def test_a_terminal_that_was_never_commanded_does_the_first_two_at_once(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """E07: that it remembers none is no sign of a loss, also when the first was only received."""
    first, second = sign(command("self-test"), fleet.signer), sign(command("in-service", id="c-2"), fleet.signer)
    assert (await given(terminal, first))[-1][2] == "success"
    assert (await given(terminal, second, "9"))[-1][2] == "success"
    assert asked.entries == [("self-test", ""), ("in-service", "")]


def ordered_while_served(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    asked.citizen.clear()
    terminal.health = report(WELL, serving=True)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("self-test"), fleet.signer))


async def test_it_waits_until_no_citizen_is_served(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    ordered_while_served(terminal, asked, fleet)
    await terminal.steps(10)
    assert (asked.entries, terminal.hawkbit.closed) == ([], [])
    asked.citizen.set()
    await terminal.until(lambda: bool(terminal.hawkbit.closed))
    assert asked.entries == [("self-test", "")]


async def test_one_that_finds_no_moment_is_not_done_later(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    ordered_while_served(terminal, asked, fleet)
    await terminal.steps(10)
    terminal.clock.seconds += 7200
    await terminal.until(lambda: bool(terminal.hawkbit.closed))
    assert terminal.hawkbit.feedback[-1][3].startswith("expired: ")
    asked.citizen.set()
    await terminal.steps(10)
    assert asked.entries == []


async def test_one_that_is_withdrawn_when_its_time_is_over_is_not_done(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk
) -> None:
    """By the agent that waits with it at the desk's door; and one that the desk has begun is waited for."""
    ordered_while_served(terminal, asked, fleet)
    async with terminal.agent() as rounds:
        for _ in range(2):
            await rounds.step()
        terminal.clock.seconds += 7200
        await rounds.step()
        assert terminal.hawkbit.feedback[-1][3].startswith("expired: ")
        asked.citizen.set()
        terminal.health = report(WELL)
        asked.hangs.add("out-of-service")
        now = terminal.clock.now()
        begun = command("out-of-service", argument="repair", issued_at=now, not_after=now + timedelta(minutes=5))
        terminal.hawkbit.offer_signed("9", COMMAND_PART, sign(begun, fleet.signer))
        closed = len(terminal.hawkbit.closed)
        while not asked.entries:
            await rounds.step()
        terminal.clock.seconds += 600
        await rounds.step()
    assert len(terminal.hawkbit.closed) == closed
    assert asked.entries == [("out-of-service", "repair")]


async def test_a_dead_desk_is_asked_again(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, tmp_path: Path
) -> None:
    door, terminal.door, terminal.health = terminal.door, DeskDoor(tmp_path / "nobody.sock"), None
    terminal.hawkbit.offer_signed("8", COMMAND_PART, sign(command("self-test"), fleet.signer))
    await terminal.steps(30)
    assert terminal.hawkbit.closed == []
    terminal.door = door
    await terminal.until(lambda: bool(terminal.hawkbit.closed))
    assert [event for event, _ in terminal.audited].count("command.started") == 1


async def test_a_cancelled_one_is_not_done(terminal: Terminal, asked: Asked, fleet: OperatorDesk) -> None:
    asked.citizen.clear()
    terminal.health = report(WELL, serving=True)
    jws = sign(command("restart"), fleet.signer)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, jws)
    await terminal.steps(20)
    terminal.hawkbit.cancelled = "9"
    await terminal.steps(10)
    assert terminal.hawkbit.feedback[-1][:3] == ("cancelAction", "closed", "success")
    terminal.health = report(WELL)
    asked.citizen.set()
    await terminal.steps(60)
    assert not terminal.wish.exists()
    assert terminal.audited[-1][0] == "command.cancelled"
    assert (await given(terminal, jws, "10"))[-1][3].startswith("replayed: "), "who took it back does not see it done"


async def test_a_log_that_takes_no_more_lets_nothing_be_done(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C19: what cannot be written down is not done."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.audit.log.os.fsync", full)
    assert (await given(terminal, sign(command("self-test"), fleet.signer)))[-1][3].startswith("cannot: ")
    assert asked.entries == []


@pytest.mark.parametrize("action", ["110105194912310021", "/8", ""])
async def test_a_server_that_says_what_nobody_expects_ends_no_agent(
    terminal: Terminal, asked: Asked, fleet: OperatorDesk, action: str
) -> None:
    """F06: it lives, and does what it is told after that was taken back."""
    terminal.hawkbit.offer_signed(action, COMMAND_PART, sign(command("self-test"), fleet.signer))
    await terminal.steps(130)
    assert (await given(terminal, sign(command("in-service"), fleet.signer), "9"))[-1][2] == "success"


def test_a_command_has_no_name_that_could_be_a_persons(fleet: OperatorDesk) -> None:
    """C20: it stands in two audit logs, which take nothing of this form; so it is not signed, and not understood."""
    with pytest.raises(ValueError, match="personal"):
        command("self-test", id="202511251200000017")


def test_the_operators_command(tmp_path: Path, fleet: OperatorDesk, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["command", "sign", "out-of-service", "repair", "--to", TERMINAL, "--to", "group:hall-7"]
    assert main([*words, "--key", str(fleet.key), "--for", "2h"]) == 0
    signed = tmp_path / "command.jws"
    signed.write_text(capsys.readouterr().out)
    told = fleet.pinned.words(signed.read_bytes(), TYPE, Command)
    assert (told.command, told.argument, told.to) == ("out-of-service", "repair", (TERMINAL, "group:hall-7"))
    assert told.not_after - told.issued_at == timedelta(hours=2)
    asked = ["command", "verify", str(signed), "--operator", str(fleet.public)]
    assert main([*asked, "--terminal", TERMINAL]) == 0
    assert main([*asked, "--terminal", "kiosk-0002"]) == 1
    assert main(["command", "sign", "format-disk", "--to", TERMINAL, "--key", str(fleet.key)]) == 1
    assert main(["command", "sign", "restart", "--to", TERMINAL, "--key", str(signed)]) == 2
