"""Somebody else's face, when there is only one portrait: the same one with other bones.

Brows, eyes, nose, mouth, cheeks and jaw are moved by up to a third of half the face's height, and the skin is tinted.
A search picked the moves so that dlib's network sees another person (a distance of 0.8 to the original). It stands for
a second person in demonstrations and tests, not for real pairs of similar faces: it says nothing about error rates.
"""

from typing import Final

import cv2
import numpy as np

from hardware.cameras.head import Landmarks, NoFace
from hardware.cameras.port import Picture

# Point of mediapipe's mesh: (right, down) in halves of the face's height. The left half of the face mirrors the right.
_MOVES: Final = {
    105: (-0.12, 0.14),
    334: (0.12, 0.14),
    33: (-0.10, -0.16),
    263: (0.10, -0.16),
    1: (0.00, 0.28),
    129: (-0.14, 0.23),
    358: (0.14, 0.23),
    61: (-0.19, 0.14),
    291: (0.19, 0.14),
    50: (-0.16, -0.05),
    280: (0.16, -0.05),
    152: (0.00, 0.23),
    172: (-0.31, 0.11),
    397: (0.31, 0.11),
}
_JAW: Final = {152, 172, 397}
_REACH: Final = 0.22
_JAW_REACH: Final = 0.35
_TINT: Final = (0.82, 0.76, 0.68)


def stranger(portrait: Picture, landmarks: Landmarks) -> Picture:
    """Another person's portrait, of the same size. Raises NoFace."""
    points = landmarks(portrait)
    if points is None:
        raise NoFace("no face in the portrait")
    half = np.ptp(points[:, 1]) / 2
    height, width = portrait.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    from_x, from_y = x.copy(), y.copy()
    for point, (right, down) in _MOVES.items():
        reach = (_JAW_REACH if point in _JAW else _REACH) * half
        near = np.exp(-((x - points[point, 0]) ** 2 + (y - points[point, 1]) ** 2) / (2 * reach**2))
        from_x -= (right * half * near).astype(np.float32)
        from_y -= (down * half * near).astype(np.float32)
    moved = cv2.remap(portrait, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(np.asarray(moved) * np.array(_TINT), 0, 255), np.uint8)
