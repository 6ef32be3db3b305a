"""Where a process's log lines go: under systemd to the journal with their fields, elsewhere to stderr as text.

Whoever reads the journals of a hundred terminals asks by field (systemd.journal-fields(7), sd_journal_send(3)):

| field | |
|---|---|
| `MESSAGE_ID` | which kind of event, by the constants here; only lines that somebody may want to count have one |
| `KIOSK_PART` | desk, ui, vision, documents, agent … |
| `KIOSK_REASON`, `KIOSK_CODE` | a refusal, as `kiosk.reasons` names it (PAPER_JAM, K403) |
| `KIOSK_STATE` | ready, degraded or out-of-service |
| `KIOSK_COMMAND`, `KIOSK_OUTCOME` | what the fleet wanted, and what became of it |
| `LOGGER`, `CODE_FILE`, `CODE_LINE`, `PRIORITY` | where the line was written, and how grave it is |

The list is closed: nothing of a record travels that is not named here, so no argument and no exception does.
"""

import logging
import os
import sys
from typing import Any, Final

from systemd import journal

REFUSED: Final = "b2d6f0a1c3e84b0f9a5e7c1d2f3a4b56"
FAULT: Final = "6f0a94c7d5b14e2fa8c35b7e9d01f263"
STATE_CHANGED: Final = "0c4e8a7d1b9f4f53b6a2d8e5c7f09134"
FLEET: Final = "e97b3c5a08d64d1e9f24c6a1b3d7508f"
"""A command, a profile or an update: taken, refused or over."""

OURS: Final = ("kiosk", "hardware", "models", "platform_client")
"""Whose lines are known to hold nothing of a citizen, at whatever level."""

_FIELDS: Final = ("reason", "code", "state", "command", "outcome")
_STREAM: Final = "JOURNAL_STREAM"
_ATTRIBUTE: Final = "journal"
_PRIORITIES: Final = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG: Final = 7


def event(message_id: str, **fields: str) -> dict[str, Any]:
    """For `extra=` of a line that is one of the kinds above. Raises ValueError for a field that has no name here."""
    if unknown := set(fields) - set(_FIELDS):
        raise ValueError(f"no field of the journal: {', '.join(sorted(unknown))}")
    return {_ATTRIBUTE: {"MESSAGE_ID": message_id, **{f"KIOSK_{name.upper()}": fields[name] for name in fields}}}


def configure(part: str, level: int = logging.INFO) -> None:
    """What `part` logs goes where it is read; and nowhere else, whatever a library set up when it was loaded."""
    if _stderr_is_the_journals():
        logging.basicConfig(handlers=[Journal(part)], level=level, force=True)
    else:
        form = f"{part}: %(levelname)s %(name)s %(message)s"
        logging.basicConfig(stream=sys.stderr, level=level, format=form, force=True)


def say(level: str) -> None:
    """How much our own modules log in this process: `debug`, `info` or `warning`."""
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


class Journal(logging.Handler):
    """Sends each record as an entry of its own."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def emit(self, record: logging.LogRecord) -> None:
        try:
            says = record.getMessage()
        except Exception as error:  # a library's line whose words do not fit: no reason to end what it is about
            says = f"a line at {record.pathname}:{record.lineno} that cannot be written: {type(error).__name__}"
        try:
            journal.send(says, **self._entry(record))
        except OSError as error:
            print(f"{self._part}: {says} (not in the journal: {error.strerror})", file=sys.stderr)

    def _entry(self, record: logging.LogRecord) -> dict[str, Any]:
        return {
            "PRIORITY": next((grave for level, grave in _PRIORITIES if record.levelno >= level), _DEBUG),
            "SYSLOG_IDENTIFIER": f"kiosk-{self._part}",
            "KIOSK_PART": self._part,
            "LOGGER": record.name,
            "CODE_FILE": record.pathname,
            "CODE_LINE": record.lineno,
            "CODE_FUNC": record.funcName,
            **getattr(record, _ATTRIBUTE, {}),
        }


def _stderr_is_the_journals() -> bool:
    """As systemd.exec(5) tells a process to find out, `$JOURNAL_STREAM`."""
    try:
        about = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get(_STREAM) == f"{about.st_dev}:{about.st_ino}"
