"""How the camera's picture is, in numbers, for staff who set a camera up or look whether it is well."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from kiosk.messages import Seen
from kiosk.vision.check import HINTS
from models.landmarks import Mesh, Picture
from models.quality import Covering, Placing, assess

SAID_EVERY_S: Final = 0.25
_PACE: Final = 30
"""Pictures over which their pace is measured."""


class PictureWatch:
    """Feed it pictures by `see`; no picture is kept."""

    def __init__(self, number: int, placing: Placing) -> None:
        self._number = number
        self._placing = placing
        self._covering = Covering()
        self._times: deque[float] = deque(maxlen=_PACE)
        self._said_s = float("-inf")

    def see(self, rgb: Picture, time_s: float, faces: Sequence[Mesh]) -> Seen | None:
        """What to say of the newest picture, a few times a second."""
        self._times.append(time_s)
        if time_s - self._said_s < SAID_EVERY_S:
            return None
        self._said_s = time_s
        found = assess(rgb, faces, self._placing, self._covering)
        passed_s = self._times[-1] - self._times[0]
        nearest = max((face.height_px for face in faces), default=0.0)
        return Seen(
            self._number,
            per_s=(len(self._times) - 1) / passed_s if passed_s > 0 else 0.0,
            brightness=float(rgb[::8, ::8].mean()),
            faces=len(faces),
            face_height=float(nearest) / rgb.shape[0],
            sharpness=found.sharpness,
            hint=HINTS.get(found.fault) if found.fault is not None else None,
        )
