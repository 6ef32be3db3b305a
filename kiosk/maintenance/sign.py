"""The sign "out of service" that staff hang on the terminal: it stays over restarts, until staff take it down.

One file on the partition that outlives a power cut. A sign that cannot be read is still a sign: nobody is served until
somebody has looked (fail closed).
"""

import logging
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from kiosk import durable
from kiosk.clock import Clock
from kiosk.reasons import Reason

log = logging.getLogger(__name__)

FILE: Final = "out-of-service.json"
"""Beside the ledger."""
REASONS: Final = (Reason.CLOSED_FOR_MAINTENANCE, Reason.CLOSED_FOR_REPAIR, Reason.CLOSED_BY_OPERATOR)
"""What may stand on it."""


class _Written(Struct, frozen=True):
    reason: Reason
    since: datetime


class Sign:
    """`path`: its file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self.reason, self.since = _read(path)

    def hang(self, reason: Reason) -> None:
        """Raises OSError when it cannot be kept; the terminal is out of service all the same, until it restarts."""
        if reason not in REASONS:
            raise ValueError(f"{reason.name} is nothing that staff close a terminal for")
        self.reason, self.since = reason, self._clock.now()
        durable.replace(self._path, msgspec.json.encode(_Written(reason, self.since)))

    def take_down(self) -> None:
        """Raises OSError when it cannot be taken down; then it hangs on."""
        self._path.unlink(missing_ok=True)
        durable.settle(self._path.parent)
        self.reason = self.since = None


def _read(path: Path) -> tuple[Reason | None, datetime | None]:
    try:
        written = msgspec.json.decode(path.read_bytes(), type=_Written)
    except FileNotFoundError:
        return None, None
    except (OSError, msgspec.MsgspecError):
        log.error("the sign %s cannot be read: out of service", path)
        return Reason.CLOSED_BY_OPERATOR, None
    return (written.reason if written.reason in REASONS else Reason.CLOSED_BY_OPERATOR), written.since
