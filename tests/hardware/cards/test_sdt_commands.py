"""Answers do not name their question, so every good answer must fit one command only."""

import pytest

from hardware.cards import sdt_commands
from hardware.cards.sdt_commands import EXTRA_ADDRESS, FIND, READ, SAM_ID, SELECT, SELF_TEST, Command
from hardware.cards.sdt_frame import Answer, Status

COMMANDS = (SELF_TEST, SAM_ID, FIND, SELECT, READ, EXTRA_ADDRESS)


def good_answers(command: Command) -> list[Answer]:
    return [Answer(command.success, bytes(length)) for length in command.data_lengths]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_accepts_its_own_answers_and_no_others(command: Command) -> None:
    for other in COMMANDS:
        assert all(command.accepts(answer) is (other is command) for answer in good_answers(other))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_failure_is_a_bare_status(command: Command) -> None:
    assert command.accepts(Answer(Status.UNAUTHORISED, b""))
    assert command.accepts(Answer(0x77, b""))
    assert not command.accepts(Answer(Status.UNAUTHORISED, b"\x00"))


def test_there_is_no_command_that_reads_fingerprints() -> None:
    commands = [value for value in vars(sdt_commands).values() if isinstance(value, Command)]
    assert len(commands) == len(COMMANDS)
    assert all(command.body != b"\x30\x10" for command in commands)


@pytest.mark.parametrize("command", [SELF_TEST, SAM_ID])
@pytest.mark.parametrize("status", [Status.FIND_FAILED, Status.SELECT_FAILED, Status.READ_FAILED, Status.NO_SUCH_ITEM])
def test_who_asks_about_the_reader_takes_no_answer_about_a_card(command: Command, status: Status) -> None:
    """It comes late, for somebody who asked before the line was opened."""
    assert not command.accepts(Answer(status, b""))
    assert FIND.accepts(Answer(status, b""))
