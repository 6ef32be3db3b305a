"""What a person may be asked to do before the camera, and how far they have done it.

Everything is measured against the neutral face that was held just before: nobody stands exactly before the camera, and
some mouths are never quite closed. Blinking is not among the gestures: it cannot be told reliably at 15 pictures a
second, so it is only counted.
"""

import random
from dataclasses import dataclass
from enum import Enum
from itertools import permutations
from statistics import fmean
from typing import Final

from models.landmarks import Mesh
from models.pose import pitch_deg, yaw_deg

TURN_DEG: Final = 16.0
"""Simulated prints turned by 30° look like 13° at most."""
UP_DEG: Final = 12.0
"""Prints tilted by 30°, bent or not, look like 10° at most."""
OPEN: Final = 0.035
"""How much farther apart the lips are than before, over the face's height: half of what a mouth can do."""
BACK_DEG: Final = 9.0
WRONG_SIDE_DEG: Final = 12.0
WRONG_ASIDE_DEG: Final = 18.0
"""Turned aside when something else was asked: more is let pass, since nobody moves about one axis only."""
WRONG_UP_DEG: Final = 20.0

_UPPER_LIP, _LOWER_LIP = 13, 14
# Upper and lower lid above each other, twice per eye, and the corners (Soukupová & Čech 2016, eye aspect ratio).
_LIDS: Final = ((160, 144), (158, 153), (385, 380), (387, 373))
_CORNERS: Final = ((33, 133), (362, 263))


class Asked(Enum):
    """What the person is asked to do."""

    LOOK = "look"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    OPEN = "open"
    BACK = "back"
    LIGHT = "light"


SIDES: Final = (Asked.LEFT, Asked.RIGHT)
TURNS: Final = (*SIDES, Asked.UP)
"""What changes the view of a head, so that its depth shows."""
GESTURES: Final = (*TURNS, Asked.OPEN)

Order = tuple[Asked, ...]
ORDERS: Final[tuple[Order, ...]] = tuple(pair for pair in permutations(GESTURES, 2) if set(pair) & set(SIDES))
"""Two different gestures, at least one to a side: depth shows best there."""


def random_order() -> Order:
    """One of `ORDERS`, unpredictable."""
    return random.SystemRandom().choice(ORDERS)


@dataclass(frozen=True, slots=True)
class Motion:
    """From the neutral face to this one: degrees to the person's own left and upwards, and how far the lips parted."""

    left_deg: float
    up_deg: float
    opened: float

    @classmethod
    def between(cls, neutral: Mesh, face: Mesh) -> "Motion":
        return cls(
            yaw_deg(face) - yaw_deg(neutral),
            pitch_deg(face) - pitch_deg(neutral),
            lips_apart(face) - lips_apart(neutral),
        )

    def part(self, asked: Asked) -> float:
        """How much of the gesture is done: 0 or less for none, 1 or more for all of it."""
        match asked:
            case Asked.LEFT:
                return self.left_deg / TURN_DEG
            case Asked.RIGHT:
                return -self.left_deg / TURN_DEG
            case Asked.UP:
                return self.up_deg / UP_DEG
            case Asked.OPEN:
                return self.opened / OPEN
        raise ValueError(f"{asked.value} is not a gesture")

    @property
    def is_over(self) -> bool:
        """Back to the neutral face, or nearly: nobody comes back to exactly where they were."""
        return abs(self.left_deg) < BACK_DEG and abs(self.up_deg) < BACK_DEG and self.opened < OPEN / 2

    def contradicts(self, asked: Asked) -> bool:
        """Another gesture than the one asked for."""
        up_instead = self.up_deg >= WRONG_UP_DEG
        match asked:
            case Asked.LEFT:
                return self.left_deg <= -WRONG_SIDE_DEG or (up_instead and self.left_deg < TURN_DEG / 2)
            case Asked.RIGHT:
                return self.left_deg >= WRONG_SIDE_DEG or (up_instead and -self.left_deg < TURN_DEG / 2)
            case Asked.UP:
                return abs(self.left_deg) >= WRONG_ASIDE_DEG
            case Asked.OPEN:
                return abs(self.left_deg) >= WRONG_ASIDE_DEG or up_instead
        raise ValueError(f"{asked.value} is not a gesture")


def lips_apart(face: Mesh) -> float:
    """Between the inner edges of the lips, over the face's height."""
    return face.apart_px(_UPPER_LIP, _LOWER_LIP) / max(face.height_px, 1e-6)


def eyes_open(face: Mesh) -> float:
    """Height of the open eyes over their width."""
    height, width = (fmean(face.apart_px(*pair) for pair in pairs) for pairs in (_LIDS, _CORNERS))
    return height / max(width, 1e-6)
