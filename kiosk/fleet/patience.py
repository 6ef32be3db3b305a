"""How long what restarts the machine waits for a moment without a citizen: for ever, unless the server says *forced*,
or the operator named a deadline.
"""

from datetime import datetime
from typing import Final

from kiosk.clock import Clock

FORCED_AFTER_S: Final = 1800.0


class Patience:
    """From the first time that it is asked for, until it is forgotten; by an agent that starts anew, from then on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None

    def is_over(self, *, forced: bool, deadline: datetime | None = None) -> bool:
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        if deadline is not None and self._clock.now() >= deadline:
            return True
        return forced and now - self._since >= FORCED_AFTER_S

    def forget(self) -> None:
        self._since = None
