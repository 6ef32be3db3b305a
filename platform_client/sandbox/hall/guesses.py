"""Numbers open what they name without a card, so wrong ones are counted per terminal: nobody finds one by trying."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from platform_client.sandbox.intake import Refuse

AT_MOST: Final = 20
WITHIN: Final = timedelta(minutes=10)


class Guesses:
    """`caller`: the terminal whose call is being answered."""

    def __init__(self, clock: Callable[[], datetime], caller: Callable[[], str]) -> None:
        self._clock = clock
        self._caller = caller
        self._misses: dict[str, deque[datetime]] = {}

    def allow(self) -> None:
        """Raises Refuse for a terminal that guessed too often of late."""
        misses = self._misses.get(self._caller(), deque())
        while misses and misses[0] <= self._clock() - WITHIN:
            misses.popleft()
        if len(misses) >= AT_MOST:
            raise Refuse("too-many-guesses", until=misses[0] + WITHIN)

    def missed(self) -> None:
        """The terminal asked for something that does not exist."""
        self._misses.setdefault(self._caller(), deque()).append(self._clock())
