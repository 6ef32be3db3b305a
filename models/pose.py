"""How a head is held, and whether what turned was a head: measured on landmarks, without any weights of its own.

Planarity. Two pictures of a flat thing, from whatever angles, are related by a homography (Hartley & Zisserman,
Multiple View Geometry, 2nd ed., result 13.1). A face is not flat: when it turns, its points leave the best homography
by several hundredths of the eye distance; a photograph's points do not, however it is held.
"""

import math
from typing import Final

import cv2
import numpy as np

from models.landmarks import CHIN, FOREHEAD, LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Mesh

# Points on bone: forehead, temples, cheeks, nose, jaw; not the lips and lids, which move by themselves.
# fmt: off
RIGID: Final = np.array([
    1, 2, 4, 5, 6, 8, 9, 10, 33, 50, 58, 94, 98, 103, 109, 127, 129, 132, 133, 151,
    152, 168, 172, 195, 197, 205, 234, 263, 280, 288, 327, 332, 338, 356, 358, 361, 362, 397, 425, 454,
])
# fmt: on


def yaw_deg(mesh: Mesh) -> float:
    """How far the face is turned about the vertical; positive: to the person's own left, 0: at the camera."""
    x, _, z = _forward(mesh)
    return math.degrees(math.atan2(x, -z))


def pitch_deg(mesh: Mesh) -> float:
    """How far the face is lifted (positive) or lowered, as the camera sees it."""
    _, y, z = _forward(mesh)
    return math.degrees(math.atan2(-y, -z))


def relief(neutral: Mesh, turned: Mesh) -> float:
    """RMS distance of the turned points from the best homography of the neutral ones, over the eye distance.

    Below about 0.04 for prints, flat or bent; above 0.07 for a head turned by 20°.
    """
    before, after = neutral.flat[RIGID], turned.flat[RIGID]
    homography, _ = cv2.findHomography(before, after, 0)
    if homography is None:
        return 0.0
    predicted = cv2.perspectiveTransform(before[None], homography)[0]
    misses = np.square(predicted - after).sum(axis=1)
    return float(np.sqrt(misses.mean()) / neutral.eye_distance_px)


def _forward(mesh: Mesh) -> tuple[float, float, float]:
    """The direction the face looks, from the plane through the eyes' outer corners, the forehead and the chin."""
    left, right, top, chin = mesh.at(LEFT_EYE_OUTER), mesh.at(RIGHT_EYE_OUTER), mesh.at(FOREHEAD), mesh.at(CHIN)
    a, b, c = left[0] - right[0], left[1] - right[1], left[2] - right[2]
    d, e, f = top[0] - chin[0], top[1] - chin[1], top[2] - chin[2]
    return b * f - c * e, c * d - a * f, a * e - b * d  # the cross product
