"""Is this a picture one can compare? The first thing wrong with it, in the order in which a person would put it right.

Sizes are parts of the picture, so that they hold for any resolution. The numbers are set on the simulated camera and on
ordinary webcams' fields of view (about 60° across), and have not been tuned on a population.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import Box, Mesh, Picture

ONLOOKER_LEAST: Final = 0.4
"""A second face counts from this part of the first one's height: behind somebody at 60 cm it is closer than a metre."""
MARGIN_LEAST: Final = 0.04
"""Between the face and the picture's edge, over the picture's height: a face that is cut off cannot be compared."""
ASIDE_MOST: Final = 0.25
"""How far the face may be beside the picture's middle, over its width: a head that turns needs room."""
LUMA_LEAST: Final = 55.0
"""Mean brightness of the face, 0..255."""
LUMA_MOST: Final = 215.0
BACKLIGHT_LEAST: Final = 1.8
"""How much brighter than the face what is around it may not be, when the face is darker than `SHADED_MOST`."""
SHADED_MOST: Final = 95.0
SHARPNESS_LEAST: Final = 30.0
"""Variance of the Laplacian of the face at `SHARPNESS_PX` width: small when it is blurred."""
SHARPNESS_PX: Final = 96
OTHER_COLOUR: Final = 0.05
"""In chromaticity (r, g): shade and beard change a skin's by less, cloth and paper by more."""
COVERED_LEAST: Final = 0.7
"""The part of the lower face that has another colour before something is said to cover it."""
COVERING_EVERY: Final = 3
FEATURE_LEAST: Final = 0.2
"""Contrast of the mouth over that of the eyes, or the other way round; less, and one of them is not there."""

# Bare on everybody who wears a mask: between and above the brows, root of the nose.
_BARE: Final = [8, 9, 151, 107, 336, 6]
# Under a mask or a hand: tip of the nose, cheeks beside it, upper lip, chin, jaw. A beard leaves the first five bare.
_LOWER: Final = [4, 203, 423, 205, 425, 164, 199, 200, 210, 430]
_SKIN: Final = _BARE + _LOWER
_AROUND: Final = np.mgrid[-2:2:2, -2:2:2].reshape(2, -1, 1)
# Each inside four points: the mouth, the right eye, the left eye.
_FEATURES: Final = [61, 291, 0, 17, 33, 133, 159, 145, 263, 362, 386, 374]


class Fault(Enum):
    """What is wrong with a picture."""

    NO_FACE = "no-face"
    TWO_FACES = "two-faces"
    TOO_FAR = "too-far"
    TOO_NEAR = "too-near"
    OFF_CENTRE = "off-centre"
    BACK_LIT = "back-lit"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    COVERED = "covered"
    BLURRED = "blurred"


@dataclass(frozen=True, slots=True)
class Placing:
    """How large a face must be, forehead to chin over the picture's height. `models.placement` says why."""

    height_least: float = 0.20
    height_most: float = 0.72


@dataclass(frozen=True, slots=True)
class Assessment:
    """`fault`: the first thing wrong, None if nothing is. `face`: the one that counts, None if there is none or two."""

    fault: Fault | None
    face: Mesh | None
    sharpness: float


def brightness(rgb: Picture, over: Picture | None = None) -> Picture:
    """A picture's brightness alone, height x width; written over that of an earlier picture, if it is given."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY, dst=over), np.uint8)


def glance(grey: Picture, faces: Sequence[Mesh]) -> Assessment:
    """What can go wrong while a head moves, which blurs it and takes it from the middle; at a fraction of the price."""
    if not faces:
        return Assessment(Fault.NO_FACE, None, 0.0)
    if onlooker(faces):
        return Assessment(Fault.TWO_FACES, None, 0.0)
    face = max(faces, key=lambda each: each.height_px)
    height, width = grey.shape
    bright = 0
    for x, y, _ in map(face.at, _SKIN):
        bright += grey.item(min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1))
    return Assessment(Fault.TOO_DARK if bright < LUMA_LEAST * len(_SKIN) else None, face, 0.0)


def assess(
    rgb: Picture, faces: Sequence[Mesh], placing: Placing, covering: "Covering", grey: Picture | None = None
) -> Assessment:
    """A picture (height x width x 3) in which these faces were found. Somebody far behind does not count.

    `covering` goes with the stream that the picture is of; `grey` is its `brightness`, where that is there already.
    """
    grey = brightness(rgb) if grey is None else grey
    if not faces or onlooker(faces):
        return glance(grey, faces)
    face = max(faces, key=lambda each: each.height_px)
    misplaced = _placing(grey, face, placing)
    if misplaced is not None:
        return Assessment(misplaced, face, 0.0)
    cut = _Cut(rgb, grey, face)
    sharpness = float(cv2.meanStdDev(cv2.Laplacian(cut.grey, cv2.CV_16S))[1][0, 0] ** 2)
    return Assessment(_seen(grey, face.box, cut, sharpness, covering), face, sharpness)


def onlooker(faces: Sequence[Mesh]) -> bool:
    """Whether a second face is close."""
    heights = sorted((face.height_px for face in faces), reverse=True)
    return len(heights) > 1 and heights[1] >= ONLOOKER_LEAST * heights[0]


def _placing(grey: Picture, face: Mesh, placing: Placing) -> Fault | None:
    height, width = grey.shape
    share = face.height_px / height
    if share < placing.height_least:
        return Fault.TOO_FAR
    if share > placing.height_most:
        return Fault.TOO_NEAR
    left, top, right, bottom = face.box
    if abs((left + right) / 2 / width - 0.5) > ASIDE_MOST:
        return Fault.OFF_CENTRE
    if min(top, height - bottom) < MARGIN_LEAST * height or min(left, width - right) < MARGIN_LEAST * height:
        # Nobody can change how tall they are: from farther away, a face that is too high or low is in the picture.
        return Fault.TOO_NEAR if share > 1.5 * placing.height_least else Fault.OFF_CENTRE
    return None


def _seen(grey: Picture, box: Box, cut: "_Cut", sharpness: float, covering: "Covering") -> Fault | None:
    """Light, then what hides the face: a black mask darkens the face, too, but does not hide it in the dark."""
    luma = cv2.mean(cut.grey)[0]
    back_lit = luma < SHADED_MOST and _around(grey, box) > BACKLIGHT_LEAST * max(luma, LUMA_LEAST)
    if luma < LUMA_LEAST:
        return Fault.BACK_LIT if back_lit else Fault.TOO_DARK
    if covering.seen(cut):
        return Fault.COVERED
    if back_lit:
        return Fault.BACK_LIT
    if luma > LUMA_MOST:
        return Fault.TOO_BRIGHT
    return Fault.BLURRED if sharpness < SHARPNESS_LEAST else None


def _around(grey: Picture, box: Box) -> float:
    """Mean brightness of what is beside and above the face."""
    sparse = grey[::16, ::16].astype(np.float32)
    left, top, right, bottom = (edge / 16 for edge in box)
    y, x = np.mgrid[0 : sparse.shape[0], 0 : sparse.shape[1]]
    beside = ((x < left - 1) | (x > right + 1) | (y < top - 3)) & (y <= bottom)
    return float(sparse[beside].mean()) if beside.any() else 0.0


class Covering:
    """Whether a mask or a hand hides the face.

    They do not come and go between two pictures of one stream, and to look for them costs as much as all the rest: so
    they are looked for in every third picture, first in the first.
    """

    def __init__(self) -> None:
        self._covered = False
        self._pictures = 0

    def seen(self, cut: "_Cut") -> bool:
        """Of the next picture."""
        if self._pictures % COVERING_EVERY == 0:
            self._covered = cut.covered
        self._pictures += 1
        return self._covered


class _Cut:
    """The face's rectangle, `SHARPNESS_PX` wide; what is outside of the picture is left out."""

    def __init__(self, rgb: Picture, grey: Picture, face: Mesh) -> None:
        height, width = grey.shape
        box = face.box
        left, top = min(max(math.floor(box[0]), 0), width - 2), min(max(math.floor(box[1]), 0), height - 2)
        right, bottom = min(max(math.ceil(box[2]), left + 2), width), min(max(math.ceil(box[3]), top + 2), height)
        scale = SHARPNESS_PX / (right - left)
        rows = max(2, round(scale * (bottom - top)))
        cut = grey[top:bottom, left:right]
        # By a whole number first: means of whole pixels are quick, and the rest is a quarter of the work or less.
        if (whole := (right - left) // SHARPNESS_PX) > 1:
            across, down = (right - left) // whole, (bottom - top) // whole
            part = cut[: down * whole, : across * whole]
            cut = np.asarray(cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA), np.uint8)
        self.grey = np.asarray(cv2.resize(cut, (SHARPNESS_PX, rows), interpolation=cv2.INTER_AREA), np.uint8)
        self._rgb, self._face, self._origin, self._scale = rgb, face, (left, top), scale

    @property
    def covered(self) -> bool:
        """A mask, a hand, dark glasses: another colour below the eyes, or no features where there should be some."""
        height, width = self._rgb.shape[:2]
        x, y = np.clip(self._face.flat[_SKIN].astype(int), 2, (width - 3, height - 3)).T
        # Four pixels a point: noise goes, and nothing beside it is touched.
        colours = self._rgb[y + _AROUND[0], x + _AROUND[1]].sum(axis=0, dtype=np.float32) + 1.0
        chroma = colours[:, :2] / colours.sum(axis=1, keepdims=True)
        bare, lower = np.median(chroma[: len(_BARE)], axis=0), chroma[len(_BARE) :]
        if (np.linalg.norm(lower - bare, axis=1) > OTHER_COLOUR).mean() >= COVERED_LEAST:
            return True
        rows, columns = self.grey.shape
        features = (self._face.flat[_FEATURES] - self._origin) * self._scale
        features = np.clip(features, 0, (columns - 1, rows - 1)).astype(int)
        mouth, *eyes = (self._contrast(four) for four in features.reshape(-1, 4, 2))
        return min(mouth, max(eyes)) < FEATURE_LEAST * max(mouth, *eyes)

    def _contrast(self, points: NDArray[np.int_]) -> float:
        """Standard deviation of the rectangle around some points."""
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(cv2.meanStdDev(self.grey[top : bottom + 1, left : right + 1])[1][0, 0])
