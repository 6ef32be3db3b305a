"""How long the fleet may have the terminal for itself: an agent in other hands must not keep citizens away for ever.

What the fleet wants stands between two citizens for a minute or two, and is over: a self-test, a restart. So an errand
that needs the terminal alone is counted from the moment at which it has it, and what goes beyond the allowance of the
last hours is refused. Staff are not counted: they stand there.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kiosk.clock import Clock
from kiosk.health.findings import Finding, warn

ALLOWED_S: Final = 900.0
IN_S: Final = 6 * 3600.0
LEAST_S: Final = 15.0
"""What each costs at least: the home page goes and comes back."""
PART: Final = "fleet"


class Allowance:
    """By this clock, since it was made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: deque[tuple[float, float]] = deque()
        """When each ended, and what it cost."""

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left of it. To be asked before an errand waits, and once more when its turn has come."""
        now = self._clock.monotonic()
        while self._spent and self._spent[0][0] <= now - IN_S:
            self._spent.popleft()
        return sum(cost for _, cost in self._spent) >= ALLOWED_S

    @contextmanager
    def spend(self) -> Iterator[None]:
        began = self._clock.monotonic()
        try:
            yield
        finally:
            now = self._clock.monotonic()
            self._spent.append((now, max(now - began, LEAST_S)))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """For the board."""
        if not self.is_spent:
            return ()
        says = f"had the terminal for itself for {ALLOWED_S / 60:.0f} min of {IN_S / 3600:.0f} h, and gets no more"
        return (warn(PART, says, "who commands so much, and why? journalctl -u kiosk-agent"),)
