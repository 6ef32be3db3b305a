"""Do the pictures come from a sensor, one after the other? A recording repeats itself, a sensor never does.

Noise makes each picture of a sensor unlike all others, bit for bit. A stream fed in from elsewhere may have its noise
added anew, or be compressed anew: so what it shows is compared, too. A person who keeps still looks alike for a while;
one who moves never makes the same movement twice to within a grey level, picture by picture.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from operator import and_
from typing import Final
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import Picture

FROZEN_S: Final = 1.0
GAP_S: Final = 1.0
RATE_LEAST: Final = 3.0
"""Pictures a second, over `RATE_S`: from fewer nobody can tell a movement."""
RATE_S: Final = 5.0
PAUSE_S: Final = 2.0
ALIKE: Final = 0.9
"""Root mean square over the thumbnail, in levels; a sensor's noise (2.5 a pixel) makes half a level."""
MOVED: Final = 9.0
"""Of at least one value of the thumbnail, over a run."""
RUN: Final = 12
"""So many pictures in a row must be like earlier ones before it is no chance."""
LAG_LEAST: Final = 6

_THUMB: Final = (12, 9)
_MEMORY: Final = 1500
"""Pictures: 50 s at 30 a second, more than a check lasts."""


class Repetition(Enum):
    """What no sensor does."""

    FROZEN = "frozen"
    LOOPED = "looped"


@dataclass(frozen=True, slots=True, repr=False)
class Print:
    """One picture's fingerprint. `exact`: equal for equal pictures; `thumb`: close for pictures that look alike."""

    exact: int
    thumb: NDArray[np.float32]

    @classmethod
    def of(cls, rgb: Picture) -> "Print":
        sparse = np.ascontiguousarray(rgb[::8, ::8])
        thumb = cv2.resize(sparse, _THUMB, interpolation=cv2.INTER_AREA)
        return cls(crc32(sparse.data), np.asarray(thumb, np.float32).ravel())

    def __repr__(self) -> str:
        return "Print(…)"


class Pace:
    """Counts pictures over `RATE_S`. A pause counts as none: the camera was away."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()
        self._whole = False

    def slow(self, time_s: float) -> bool:
        """Takes the next picture's time; True when pictures come too slowly to tell a movement."""
        times = self._times_s
        if times and not 0 < time_s - times[-1] <= PAUSE_S:
            times.clear()
            self._whole = False
        times.append(time_s)
        while time_s - times[0] > RATE_S:
            times.popleft()
            self._whole = True
        return self._whole and len(times) < RATE_LEAST * RATE_S


class Memory:
    """Remembers every picture's print, by `see`. What costs most of it may be done before, by `expect`."""

    def __init__(self, start_s: float) -> None:
        self._changed_s = start_s
        self._last: int | None = None
        self._exact: set[int] = set()
        self._thumbs = np.zeros((_MEMORY, _THUMB[0] * _THUMB[1] * 3), np.float32)
        self._count = 0
        self._lags: deque[int] = deque(maxlen=RUN)
        self._expected: tuple[Print | None, int] = (None, 0)

    def expect(self, print_: Print) -> None:
        """Compares a print with all before; `see` need not any more, if it is given this one next."""
        self._expected = (print_, self._alike(print_))

    def see(self, time_s: float, print_: Print) -> Repetition | None:
        """A doubled picture now and then is the driver's; a second of them is not."""
        if print_.exact == self._last:
            return Repetition.FROZEN if time_s - self._changed_s > FROZEN_S else None
        self._last, self._changed_s = print_.exact, time_s
        if print_.exact in self._exact or self._repeats(print_):
            return Repetition.LOOPED
        self._exact.add(print_.exact)
        return None

    def forget(self) -> None:
        """Thumbnails are pictures, too."""
        self._thumbs.fill(0)
        self._expected = (None, 0)

    def _repeats(self, print_: Print) -> bool:
        """Whether a movement has been seen before. `_lags`: of each picture of a run, how many pictures before it one
        was like it; a bit for each."""
        if self._count == _MEMORY:
            return False
        (expected, lags), self._expected = self._expected, (None, 0)
        self._lags.append(lags if expected is print_ else self._alike(print_))
        self._thumbs[self._count] = print_.thumb
        self._count += 1
        if len(self._lags) < RUN or reduce(and_, self._lags) < 1 << LAG_LEAST:
            return False
        recent = self._thumbs[self._count - RUN : self._count]
        return bool(np.ptp(recent, axis=0).max() >= MOVED)

    def _alike(self, print_: Print) -> int:
        apart = self._thumbs[: self._count] - print_.thumb
        alike = np.einsum("ij,ij->i", apart, apart) <= ALIKE**2 * print_.thumb.size
        return int.from_bytes(np.packbits(alike[::-1], bitorder="little").tobytes(), "little") << 1
