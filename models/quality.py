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

from models.landmarks import Mesh, Picture

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


Box = tuple[float, float, float, float]
"""Left, top, right, bottom of a face, in pixels; it may reach beyond the picture."""


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


def glance(rgb: Picture, faces: Sequence[Mesh]) -> Assessment:
    """What can go wrong while a head moves, which blurs it and takes it from the middle; at a fraction of the price."""
    if not faces:
        return Assessment(Fault.NO_FACE, None, 0.0)
    if onlooker(faces):
        return Assessment(Fault.TWO_FACES, None, 0.0)
    face = max(faces, key=lambda each: each.height_px)
    x, y = np.clip(face.flat[_SKIN].astype(int), 0, (rgb.shape[1] - 1, rgb.shape[0] - 1)).T
    dark = rgb[y, x].mean() < LUMA_LEAST
    return Assessment(Fault.TOO_DARK if dark else None, face, 0.0)


def assess(rgb: Picture, faces: Sequence[Mesh], placing: Placing, covering: "Covering") -> Assessment:
    """A picture (height x width x 3) in which these faces were found. Somebody far behind does not count.

    `covering` goes with the stream that the picture is of.
    """
    if not faces or onlooker(faces):
        return glance(rgb, faces)
    face = max(faces, key=lambda each: each.height_px)
    box = _box(face)
    misplaced = _placing(rgb, face, box, placing)
    if misplaced is not None:
        return Assessment(misplaced, face, 0.0)
    cut = _Cut(rgb, face, box)
    sharpness = float(cv2.meanStdDev(cv2.Laplacian(cut.grey, cv2.CV_16S))[1][0, 0] ** 2)
    return Assessment(_seen(rgb, box, cut, sharpness, covering), face, sharpness)


def onlooker(faces: Sequence[Mesh]) -> bool:
    """Whether a second face is close."""
    heights = sorted((face.height_px for face in faces), reverse=True)
    return len(heights) > 1 and heights[1] >= ONLOOKER_LEAST * heights[0]


def _box(face: Mesh) -> Box:
    x, y = face.points[:, 0], face.points[:, 1]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _placing(rgb: Picture, face: Mesh, box: Box, placing: Placing) -> Fault | None:
    height, width = rgb.shape[:2]
    share = face.height_px / height
    if share < placing.height_least:
        return Fault.TOO_FAR
    if share > placing.height_most:
        return Fault.TOO_NEAR
    left, top, right, bottom = box
    if abs((left + right) / 2 / width - 0.5) > ASIDE_MOST:
        return Fault.OFF_CENTRE
    if min(top, height - bottom) < MARGIN_LEAST * height or min(left, width - right) < MARGIN_LEAST * height:
        # Nobody can change how tall they are: from farther away, a face that is too high or low is in the picture.
        return Fault.TOO_NEAR if share > 1.5 * placing.height_least else Fault.OFF_CENTRE
    return None


def _seen(rgb: Picture, box: Box, cut: "_Cut", sharpness: float, covering: "Covering") -> Fault | None:
    """Light, then what hides the face: a black mask darkens the face, too, but does not hide it in the dark."""
    luma = float(cut.grey.mean())
    back_lit = luma < SHADED_MOST and _around(rgb, box) > BACKLIGHT_LEAST * max(luma, LUMA_LEAST)
    if luma < LUMA_LEAST:
        return Fault.BACK_LIT if back_lit else Fault.TOO_DARK
    if covering.seen(cut):
        return Fault.COVERED
    if back_lit:
        return Fault.BACK_LIT
    if luma > LUMA_MOST:
        return Fault.TOO_BRIGHT
    return Fault.BLURRED if sharpness < SHARPNESS_LEAST else None


def _around(rgb: Picture, box: Box) -> float:
    """Mean brightness of what is beside and above the face."""
    sparse = rgb[::16, ::16, 1].astype(np.float32)
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

    def __init__(self, rgb: Picture, face: Mesh, box: Box) -> None:
        height, width = rgb.shape[:2]
        left, top = min(max(math.floor(box[0]), 0), width - 2), min(max(math.floor(box[1]), 0), height - 2)
        right, bottom = min(max(math.ceil(box[2]), left + 2), width), min(max(math.ceil(box[3]), top + 2), height)
        scale = SHARPNESS_PX / (right - left)
        rows = max(2, round(scale * (bottom - top)))
        grey = cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
        self.grey = np.asarray(cv2.resize(grey, (SHARPNESS_PX, rows), interpolation=cv2.INTER_AREA), np.uint8)
        self._flat = np.clip((face.flat[_FEATURES] - (left, top)) * scale, 0, (SHARPNESS_PX - 1, rows - 1)).astype(int)
        self._rgb, self._face = rgb, face

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
        mouth, *eyes = (self._contrast(number) for number in range(0, len(_FEATURES), 4))
        return min(mouth, max(eyes)) < FEATURE_LEAST * max(mouth, *eyes)

    def _contrast(self, number: int) -> float:
        """Standard deviation of the rectangle around four points."""
        points = self._flat[number : number + 4]
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(cv2.meanStdDev(self.grey[top : bottom + 1, left : right + 1])[1][0, 0])
