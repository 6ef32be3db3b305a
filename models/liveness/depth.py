"""Was what turned a head? Three measurements on two pictures of it, before and after the turn.

Two pictures of a flat thing, from whatever angles, are related by a homography (Hartley & Zisserman, Multiple View
Geometry, 2nd ed., result 13.1). A head leaves it:

- *relief*: how far the landmarks are from the best homography. A landmark model sees faces in whatever looks like one,
  so this alone would trust the model.
- *parallax*: the same of points that optical flow follows in the picture itself (Lucas & Kanade 1981, pyramids after
  Bouguet 2001). The landmark model has no part in it but to say where the face is.
- *solidity*: how much better a solid that turned explains the landmarks than a plane does; below 1 the plane explains
  them better.

Measured on the simulated head and prints of it (docs/liveness.md): relief at least 0.076 for turns of 17°, at most
0.064 for prints however bent and turned; parallax at least 0.037 against 0.020; solidity at least 2.5 against 1.46.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import Mesh, Picture, Points
from models.pose import RIGID, relief

_SIDE_PX: Final = 144
"""Of the crop in which flow is followed; the eyes are `_EYES_PX` apart in it."""
_EYES_PX: Final = 64
_CORNERS_MOST: Final = 120
_CORNERS_LEAST: Final = 12
_WINDOW: Final = (15, 15)
_RETURNS_PX: Final = 1.0
"""A point followed forth and back must come back to within this, or it was lost on the way."""


@dataclass(frozen=True, slots=True)
class Depth:
    """`relief` and `parallax` over the eye distance; `solidity` a ratio. All are small for what is flat."""

    relief: float
    parallax: float
    solidity: float


def measured(before: tuple[Picture, Mesh], after: tuple[Picture, Mesh]) -> Depth:
    """Of a neutral picture and a turned one, each with the face in it. About 3 ms: for the pictures that decide."""
    (rgb_before, face_before), (rgb_after, face_after) = before, after
    out_of_plane = relief(face_before, face_after)
    return Depth(
        out_of_plane,
        parallax(rgb_before, face_before, rgb_after, face_after),
        out_of_plane / max(solid_residual(face_before, face_after), 1e-6),
    )


def solid_residual(before: Mesh, after: Mesh) -> float:
    """RMS distance of bony landmarks, in space, from the best turn, shift and scale of the earlier ones (Umeyama 1991),
    over the eye distance."""
    here, there = before.points[RIGID], after.points[RIGID]
    source, target = here - here.mean(axis=0), there - there.mean(axis=0)
    u, size, vt = np.linalg.svd(target.T @ source)
    proper = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (size * proper.diagonal()).sum() / np.square(source).sum()
    missed = scale * source @ (u @ proper @ vt).T - target
    return float(np.sqrt(np.square(missed).sum(axis=1).mean()) / before.eye_distance_px)


def parallax(rgb_before: Picture, before: Mesh, rgb_after: Picture, after: Mesh) -> float:
    """How far three quarters of the followed points are, at most, from one homography, over the eye distance.

    Zero when too few can be followed: then nothing was seen to be deep.
    """
    scale = _EYES_PX / before.eye_distance_px
    middle = before.flat.mean(axis=0)
    window = np.array([[scale, 0, _SIDE_PX / 2 - scale * middle[0]], [0, scale, _SIDE_PX / 2 - scale * middle[1]]])
    outline = before.flat * scale + window[:, 2]
    # The later picture as a plane would look before the turn: what is flat then rests, what is deep moves a little.
    plane, _ = cv2.findHomography(outline[RIGID], after.flat[RIGID], 0)
    if plane is None:
        return 0.0
    first = cv2.warpAffine(_grey(rgb_before), window, (_SIDE_PX, _SIDE_PX))
    second = cv2.warpPerspective(
        _grey(rgb_after), plane, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    start, end = _followed(np.asarray(first, np.uint8), np.asarray(second, np.uint8), outline)
    if len(start) < _CORNERS_LEAST:
        return 0.0
    homography, _ = cv2.findHomography(start, end, cv2.LMEDS)
    if homography is None:
        return 0.0
    missed = np.linalg.norm(cv2.perspectiveTransform(start[None], homography)[0] - end, axis=1)
    return float(np.percentile(missed, 75) / _EYES_PX)


def _followed(first: Picture, second: Picture, outline: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points inside the outline, in both crops."""
    nothing = np.empty((0, 2), np.float32)
    inside = np.zeros(first.shape, np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(outline.astype(np.int32)), (255,))
    inside = np.asarray(cv2.erode(inside, np.ones((5, 5), np.uint8)), np.uint8)
    start = cv2.goodFeaturesToTrack(first, _CORNERS_MOST, 0.01, 4, mask=inside)
    if start is None:
        return nothing, nothing
    end, found, _ = cv2.calcOpticalFlowPyrLK(first, second, start, None, winSize=_WINDOW, maxLevel=2)  # type: ignore[call-overload]
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(second, first, end, None, winSize=_WINDOW, maxLevel=2)  # type: ignore[call-overload]
    returned = np.linalg.norm(back - start, axis=2)[:, 0] < _RETURNS_PX
    sound = (found[:, 0] == 1) & (found_back[:, 0] == 1) & returned
    return start[sound, 0], end[sound, 0]


def _grey(rgb: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
