"""Whose face can the camera see? Plain geometry of a pinhole camera that stands still before people of all heights.

Assumptions, so that somebody can correct them: eyes at 0.936 of the body height when standing, sitting height 0.52 and
eyes 0.064 of the body height below it (Drillis & Contini 1966, as in Winter, Biomechanics), a seat at 0.48 m; the
face's middle 0.035 m below the eyes; forehead to chin 0.105 of the body height, at most 0.185 m and at least 0.15 m.
People stand or sit 0.4 to 0.8 m from the camera.
"""

import math
from dataclasses import dataclass
from typing import Final

NEAR_M: Final = 0.4
FAR_M: Final = 0.8
SHORTEST_M: Final = 1.0
TALLEST_M: Final = 1.9
SEAT_M: Final = 0.48
STEP_M: Final = 0.05
SLACK: Final = 0.8
"""A face may be this much smaller or larger than computed: faces differ, and so do people's distances."""


SMALLEST: Final = 0.13
"""Of the picture's height: a face of sixty pixels. Smaller ones cannot be compared, whatever the lens."""


@dataclass(frozen=True, slots=True)
class Mount:
    """How the camera is built in. `height_m`: its lens above the floor; `tilt_deg`: upwards; `view_deg`: from the lower
    to the upper edge of the picture."""

    height_m: float = 1.45
    tilt_deg: float = 0.0
    view_deg: float = 47.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A face in the picture, in parts of its height: its middle from the upper edge, and forehead to chin."""

    middle: float
    height: float

    @property
    def whole(self) -> bool:
        """Nothing of the face is cut off."""
        return self.height / 2 <= self.middle <= 1 - self.height / 2


def face_height_m(body_m: float) -> float:
    """From forehead to chin."""
    return min(max(0.105 * body_m, 0.15), 0.185)


def face_at_m(body_m: float, *, seated: bool) -> float:
    """The face's middle above the floor."""
    eyes_m = SEAT_M + (0.52 - 0.064) * body_m if seated else 0.936 * body_m
    return eyes_m - 0.035


def seen(mount: Mount, body_m: float, distance_m: float, *, seated: bool = False) -> Seen:
    """Where somebody of this height appears."""
    up = math.atan2(face_at_m(body_m, seated=seated) - mount.height_m, distance_m) - math.radians(mount.tilt_deg)
    half = math.tan(math.radians(mount.view_deg) / 2)
    depth_m = math.hypot(distance_m, face_at_m(body_m, seated=seated) - mount.height_m) * math.cos(up)
    return Seen(0.5 - math.tan(up) / (2 * half), face_height_m(body_m) / (2 * half * depth_m))


def heights_seen(mount: Mount, distance_m: float, *, seated: bool = False) -> tuple[float, float] | None:
    """The shortest and the tallest, between 1.0 and 1.9 m, whose whole face is in the picture; None if nobody's is."""
    steps = round((TALLEST_M - SHORTEST_M) / STEP_M)
    bodies = [round(SHORTEST_M + STEP_M * number, 2) for number in range(steps + 1)]
    whole = [body for body in bodies if seen(mount, body, distance_m, seated=seated).whole]
    return (whole[0], whole[-1]) if whole else None


def sizes(mount: Mount) -> tuple[float, float]:
    """The least and the most of the picture's height that a face takes: a child's far away, an adult's near."""
    half = math.tan(math.radians(mount.view_deg) / 2)
    least, most = face_height_m(SHORTEST_M) / (2 * half * FAR_M), face_height_m(TALLEST_M) / (2 * half * NEAR_M)
    return max(least * SLACK, SMALLEST), min(most / SLACK, 0.8)
