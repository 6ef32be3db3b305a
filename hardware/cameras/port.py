"""What every camera offers."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 640
HEIGHT: Final = 480

Picture = NDArray[np.uint8]


class CameraLost(Exception):
    """The camera is not there or gives no picture. `open` may be tried again at any time."""


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One picture, not mirrored. `rgb`: HEIGHT x WIDTH x 3; `time_s`: monotonic, when it was taken."""

    rgb: Picture
    time_s: float

    def __repr__(self) -> str:
        return f"Frame(time_s={self.time_s:.3f}, …)"


class Camera(Protocol):
    """Closed at first, and again after `close`; one thread reads. Open means that the device is in use (lamp on)."""

    def open(self) -> None:
        """Starts the stream. Raises CameraLost. Opening an open camera starts it anew."""

    def read(self) -> Frame:
        """The next picture; waits for it, at the pace of the device. Raises CameraLost."""

    def close(self) -> None:
        """Ends the stream; never fails, also when the device is gone or was never open."""
