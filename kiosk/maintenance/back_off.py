"""How long nobody may try a PIN here: five wrong ones in a row, on whatever cards, cost 15 s, each further one twice as
long as the one before, for at most an hour (C16; NIST SP 800-63B, 5.2.2).

It is this terminal's own count, beside the one that each card keeps, and it outlives a restart: a try is written down
as a wrong one before the card sees it. A count that cannot be read is taken for one that has just reached the limit.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from kiosk import durable
from kiosk.clock import Clock

log = logging.getLogger(__name__)

FILE: Final = "technician-tries.json"
"""Beside the ledger."""
FREE: Final = 5
FIRST_S: Final = 15.0
LONGEST_S: Final = 3600.0


class _Count(Struct, frozen=True):
    wrong: int
    at: datetime


class BackOff:
    """`path`: its file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        try:
            self._count = msgspec.json.decode(path.read_bytes(), type=_Count)
        except FileNotFoundError:
            self._count = _Count(0, clock.now())
        except (OSError, msgspec.MsgspecError):
            log.error("the count of wrong PINs %s cannot be read", path)
            self._count = _Count(FREE, clock.now())

    @property
    def wrong(self) -> int:
        """In a row."""
        return self._count.wrong

    @property
    def wait_s(self) -> float:
        """Until the next try. A clock that was put back makes nobody wait longer than the whole time once more."""
        if self._count.wrong < FREE:
            return 0.0
        whole = min(FIRST_S * (1 << min(self._count.wrong - FREE, 16)), LONGEST_S)
        left = self._count.at + timedelta(seconds=whole) - self._clock.now()
        return min(max(left.total_seconds(), 0.0), whole)

    def begin_try(self) -> None:
        """Counts it as a wrong one. Raises OSError when that cannot be kept: then nobody may try."""
        self._keep(_Count(self._count.wrong + 1, self._clock.now()))

    def was_right(self) -> None:
        """Raises OSError, as above."""
        self._keep(_Count(0, self._clock.now()))

    def _keep(self, count: _Count) -> None:
        durable.replace(self._path, msgspec.json.encode(count))
        self._count = count
