"""How long nobody may try a PIN here: five wrong ones in a row, on whatever cards, cost 15 s, each further one twice as
long as the one before, for at most an hour (C16; NIST SP 800-63B, 5.2.2).

It is this terminal's own count, beside the one that each card keeps, and it outlives a restart: a try is written down
as a wrong one before the card sees it. The wait is measured by the machine's running time, so nobody shortens it by
setting the clock; and as that time means nothing to the next program, the wait begins anew with it. A count that cannot
be read is taken for one that has just reached the limit.
"""

import logging
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kiosk import durable
from kiosk.clock import Clock

log = logging.getLogger(__name__)

FILE: Final = "technician-tries.json"
"""Beside the ledger."""
FREE: Final = 5
FIRST_S: Final = 15.0
LONGEST_S: Final = 3600.0


class _Count(Struct, frozen=True):
    wrong: Annotated[int, Meta(ge=0)]


class BackOff:
    """`path`: its file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._since = clock.monotonic()
        try:
            self._wrong = msgspec.json.decode(path.read_bytes(), type=_Count).wrong
        except FileNotFoundError:
            self._wrong = 0
        except (OSError, msgspec.MsgspecError):
            log.error("the count of wrong PINs %s cannot be read", path)
            self._wrong = FREE

    @property
    def wrong(self) -> int:
        """In a row."""
        return self._wrong

    @property
    def wait_s(self) -> float:
        """Until the next try."""
        if self._wrong < FREE:
            return 0.0
        whole = min(FIRST_S * (1 << min(self._wrong - FREE, 16)), LONGEST_S)
        return max(self._since + whole - self._clock.monotonic(), 0.0)

    def begin_try(self) -> None:
        """Counts it as a wrong one. Raises OSError when that cannot be kept: then nobody may try."""
        self._keep(self._wrong + 1)

    def was_right(self) -> None:
        """Raises OSError, as above."""
        self._keep(0)

    def _keep(self, wrong: int) -> None:
        durable.replace(self._path, msgspec.json.encode(_Count(wrong)))
        self._wrong, self._since = wrong, self._clock.monotonic()
