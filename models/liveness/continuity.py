"""Is it the face of the picture before? From one picture to the next a face changes little, another face is another.

Embeddings say who it is, but only of a few pictures: in between somebody could lend a gesture. So every face is cut out
upright, `SIDE_PX` wide, and correlated with the one before. On the simulated heads 0.79 or more from picture to picture
at 15 a second, 0.65 at 5 a second; 0.58 or less where another head takes over in the very same pose.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import (
    LEFT_EYE_OUTER,
    LEFT_MOUTH_CORNER,
    RIGHT_EYE_OUTER,
    RIGHT_MOUTH_CORNER,
    Mesh,
    Picture,
)

ALIKE_LEAST: Final = 0.6
SIDE_PX: Final = 32

# Where the outer corner of the right eye comes, how far from it the left one, and below both the middle of the mouth.
_EYE_X: Final = 0.15 * SIDE_PX
_EYE_Y: Final = 0.25 * SIDE_PX
_EYES_PX: Final = 0.7 * SIDE_PX
_MOUTH_PX: Final = 0.6 * SIDE_PX

Patch = NDArray[np.float32]


def patch(grey: Picture, face: Mesh) -> Patch:
    """The face in a picture's brightness (height x width), without that of the whole face and its contrast."""
    (x, y, _), (left_x, left_y, _) = face.at(RIGHT_EYE_OUTER), face.at(LEFT_EYE_OUTER)
    (a, b, _), (c, d, _) = face.at(RIGHT_MOUTH_CORNER), face.at(LEFT_MOUTH_CORNER)
    # One pixel of the patch to the right, and one down, in the picture.
    across_x, across_y = (left_x - x) / _EYES_PX, (left_y - y) / _EYES_PX
    down_x, down_y = (a + c - x - left_x) / 2 / _MOUTH_PX, (b + d - y - left_y) / 2 / _MOUTH_PX
    x, y = x - _EYE_X * across_x - _EYE_Y * down_x, y - _EYE_X * across_y - _EYE_Y * down_y
    from_patch = np.array([(across_x, down_x, x), (across_y, down_y, y)])
    cut = cv2.warpAffine(grey, from_patch, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    seen = np.asarray(cut, np.float32)
    seen -= cv2.mean(seen)[0]
    seen /= max(cv2.norm(seen), 1e-6)
    return seen


def alike(before: Patch, after: Patch) -> bool:
    """The correlation of two patches is high enough for one face."""
    return float(np.vdot(before, after)) >= ALIKE_LEAST
