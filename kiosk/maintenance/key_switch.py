"""A key switch in the housing: a file that says 1 while the key is turned.

The kernel keeps such a file for an input line that is exported in sysfs (/sys/class/gpio/gpioN/value); for a switch of
another kind a unit writes one. A file that is not there is a key that is not turned.
"""

from pathlib import Path
from typing import Final

from kiosk.clock import Clock

LOOK_EVERY_S: Final = 0.5


class KeySwitch:
    """Each turn of the key counts once: when it is answered it must be turned back before it counts again."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._answered = False

    @property
    def turned(self) -> bool:
        try:
            return self._path.read_bytes()[:1] == b"1"
        except OSError:
            return False

    def answer(self) -> None:
        """Somebody sees to it."""
        self._answered = True

    async def wait_turned(self) -> None:
        """Until the key is turned, or has been meanwhile."""
        while not self.turned or self._answered:
            self._answered = self._answered and self.turned
            await self._clock.sleep(LOOK_EVERY_S)

    async def wait_turned_back(self) -> None:
        while self.turned:
            await self._clock.sleep(LOOK_EVERY_S)
