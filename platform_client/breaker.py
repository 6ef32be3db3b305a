"""A circuit breaker (Nygard, *Release It!*): a platform that is down is left alone, and the citizen is told until when.

    closed --FAILURES calls in a row found nobody--> open --its rest is over--> half open
    half open --one call comes through--> closed        half open --it finds nobody either--> open, for twice as long

Only silence counts: an answer, be it a refusal or nonsense, shows that somebody is there. A call that is cancelled says
nothing about the platform. Rests are spread, so that the terminals of a hall do not come back in one instant.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from platform_client.errors import PlatformError, PlatformFault

FAILURES: Final = 4
REST_S: Final = 5.0
LONGEST_REST_S: Final = 60.0
SPREAD: Final = 0.2
"""A rest is up to this part of itself longer."""
SILENCE: Final = frozenset(
    {
        PlatformFault.UNREACHABLE,
        PlatformFault.SLOW,
        PlatformFault.DRIPPING,
        PlatformFault.OVERLOADED,
        PlatformFault.FAILED,
    }
)


class Breaker:
    """`monotonic`: seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._rest_s = REST_S
        self._rests_until: float | None = None
        self._trying = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Around one call. Raises PlatformError (RESTING) instead of letting it through."""
        probe = self._admit()
        try:
            yield
        except PlatformError as error:
            if error.kind in SILENCE:
                self._failed(error.retry_in_s)
            else:
                self._heard()
            raise
        else:
            self._heard()
        finally:
            if probe:
                self._trying = False

    def _admit(self) -> bool:
        """Whether this call is the one that tries."""
        if self._rests_until is None:
            return False
        left = self._rests_until - self._monotonic()
        if left > 0 or self._trying:
            raise PlatformError(PlatformFault.RESTING, "it failed often", retry_in_s=max(left, 1.0))
        self._trying = True
        return True

    def _heard(self) -> None:
        self._failures, self._rest_s, self._rests_until = 0, REST_S, None

    def _failed(self, asked_s: float | None) -> None:
        """`asked_s`: how long the platform asked to be left alone (Retry-After)."""
        self._failures += 1
        if self._failures < FAILURES and asked_s is None:
            return
        rest = max(self._rest_s * random.uniform(1, 1 + SPREAD), min(asked_s or 0, LONGEST_REST_S))
        self._rests_until = self._monotonic() + rest
        self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
