"""A face brought to where an embedding network expects it: five of its points onto the template the network was
trained with, by the similarity that fits best.

Templates: dlib's mean shape of its five-point model (dlib/image_transforms/interpolation.h, get_face_chip_details),
here with a quarter of padding on each side; and ArcFace's (Deng et al. 2019, arXiv:1801.07698; the 112 x 112 points
that its authors and most networks after it use). Landmarks are the points of the mesh that stand for the same places.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import (
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_MOUTH_CORNER,
    NOSE_BASE,
    NOSE_TIP,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    RIGHT_MOUTH_CORNER,
    Mesh,
    Picture,
    Points,
)
from models.manifest import Alignment

# Both as parts of the picture's side.
_DLIB_PADDING: Final = 0.25
_DLIB: Final = (
    np.array(
        [
            (0.8595674595992, 0.2134981538014),
            (0.6460604764104, 0.2289674387677),
            (0.1205750620789, 0.2137274526848),
            (0.3340850613712, 0.2290642403242),
            (0.4901123135679, 0.6277975316475),
        ]
    )
    + _DLIB_PADDING
) / (1 + 2 * _DLIB_PADDING)
_ARCFACE: Final = (
    np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]) / 112
)
_TEMPLATES: Final = {Alignment.DLIB: _DLIB, Alignment.ARCFACE: _ARCFACE}

_DLIB_POINTS: Final = [LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_INNER, NOSE_BASE]
_ARCFACE_POINTS: Final = [NOSE_TIP, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER]


def chip(rgb: Picture, mesh: Mesh, alignment: Alignment, side_px: int) -> Picture:
    """The face cut out and turned upright, `side_px` x `side_px` x 3."""
    five, template = _five(mesh, alignment), _TEMPLATES[alignment] * side_px
    transform, scale = _similarity(five, template)
    while scale < 0.5:
        # Halve first, or the warp skips pixels.
        rgb, five = np.asarray(cv2.pyrDown(rgb), np.uint8), five / 2
        transform, scale = _similarity(five, template)
    return np.asarray(cv2.warpAffine(rgb, transform, (side_px, side_px), flags=cv2.INTER_LINEAR), np.uint8)


def _five(mesh: Mesh, alignment: Alignment) -> Points:
    if alignment is Alignment.DLIB:
        return mesh.flat[_DLIB_POINTS]
    # ArcFace wants the middle of each eye; the mesh without irises has its corners.
    right, left = (
        mesh.flat[[outer, inner]].mean(axis=0)
        for outer, inner in ((RIGHT_EYE_OUTER, RIGHT_EYE_INNER), (LEFT_EYE_OUTER, LEFT_EYE_INNER))
    )
    return np.vstack([right, left, mesh.flat[_ARCFACE_POINTS]])


def _similarity(points: Points, template: Points) -> tuple[NDArray[np.float64], float]:
    """The rotation, scale and shift that bring `points` closest to `template`: a 2 x 3 matrix, and its scale.

    Least squares over complex numbers: template = a * point + b. Five points: a loop is quicker than arrays.
    """
    source, target = ([complex(x, y) for x, y in side.tolist()] for side in (points, template))
    middle, goal = sum(source) / len(source), sum(target) / len(target)
    centred = [point - middle for point in source]
    a = sum(each.conjugate() * (to - goal) for each, to in zip(centred, target, strict=True))
    a /= sum(abs(each) ** 2 for each in centred)
    b = goal - a * middle
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]]), abs(a)
