"""What of a log record reaches the journal: the named fields and nothing else. The way there, and on to the fleet, is
tests/systemd/test_booted.py."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kiosk import journal

ALWAYS = {"PRIORITY", "SYSLOG_IDENTIFIER", "KIOSK_PART", "LOGGER", "CODE_FILE", "CODE_LINE", "CODE_FUNC"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    entries: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("kiosk.journal.journal.send", lambda message, **fields: entries.append((message, fields)))
    yield entries


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("kiosk.tested")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(journal.Journal("desk"))
    yield logger
    logger.handlers.clear()


def test_words_that_do_not_fit_end_nothing(sent: list[tuple[str, dict[str, Any]]]) -> None:
    """E05: and what they were about goes nowhere."""
    words = ("%d pages", ("of somebody",))
    journal.Journal("desk").handle(logging.LogRecord("a.library", logging.WARNING, "it.py", 7, *words, None))
    ((message, fields),) = sent
    assert message.endswith("that cannot be written: TypeError") and "somebody" not in message
    assert fields["PRIORITY"] == 4


def test_an_event_has_its_kind_and_its_fields(sent: list[tuple[str, dict[str, Any]]], log: logging.Logger) -> None:
    log.warning("refused: %s", "PAPER_JAM", extra=journal.event(journal.REFUSED, reason="PAPER_JAM", code="K403"))
    ((message, fields),) = sent
    assert message == "refused: PAPER_JAM"
    assert fields.keys() == ALWAYS | {"MESSAGE_ID", "KIOSK_REASON", "KIOSK_CODE"}
    assert (fields["MESSAGE_ID"], fields["KIOSK_CODE"], fields["PRIORITY"]) == (journal.REFUSED, "K403", 4)
    assert fields["SYSLOG_IDENTIFIER"] == "kiosk-desk"


def test_neither_arguments_nor_exceptions_travel(sent: list[tuple[str, dict[str, Any]]], log: logging.Logger) -> None:
    """C20: an exception may quote what a citizen brought, and a library may log one."""
    try:
        raise ValueError("11010119900101001X")
    except ValueError:
        log.exception("a fault", extra={"citizen": "张三", "MESSAGE_ID": "smuggled"})
    log.debug("looked at %d things", 3)
    for _, fields in sent:
        assert fields.keys() == ALWAYS
        assert "11010119900101001X" not in repr(fields) and "张三" not in repr(fields)
    assert [fields["PRIORITY"] for _, fields in sent] == [3, 7]


def test_a_field_must_have_a_name() -> None:
    with pytest.raises(ValueError, match="citizen"):
        journal.event(journal.REFUSED, citizen="nobody")


def test_each_kind_of_event_is_one() -> None:
    kinds = [journal.REFUSED, journal.FAULT, journal.STATE_CHANGED, journal.FLEET]
    assert len(set(kinds)) == len(kinds)
    assert all(len(kind) == 32 and int(kind, 16) for kind in kinds)


PROGRAM = """
import logging
logging.basicConfig(format="a library: %(message)s")
from kiosk import journal
journal.configure("desk")
logging.getLogger("kiosk.x").info("hello")
print(type(logging.getLogger().handlers[0]).__name__)
"""


@pytest.mark.parametrize("is_journal", [False, True])
def test_under_systemd_it_goes_to_the_journal_and_else_to_stderr(is_journal: bool) -> None:
    """By $JOURNAL_STREAM, which names what stderr was when the service manager opened it (systemd.exec(5))."""
    reading, writing = os.pipe()
    about = os.fstat(writing)
    environment = {**os.environ, "JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino if is_journal else 0}"}
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, env=environment, stderr=writing, stdout=subprocess.PIPE, text=True, check=True)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    assert done.stdout.strip() == ("Journal" if is_journal else "StreamHandler")
    if not is_journal:
        assert text == "desk: INFO kiosk.x hello\n"
