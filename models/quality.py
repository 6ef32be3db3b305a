"""Is this a picture one can compare? The first thing wrong with it, in the order in which a person would put it right.

Sizes are parts of the picture, so that they hold for any resolution. The numbers are set on the simulated camera and on
ordinary webcams' fields of view (about 60° across), and have not been tuned on a population.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.landmarks import Mesh, Picture

FACE_HEIGHT_LEAST: Final = 0.20
"""Forehead to chin over the picture's height: an adult at about 1 m."""
FACE_HEIGHT_MOST: Final = 0.72
"""An adult at about 30 cm; closer, the turned head leaves the picture."""
OFF_CENTRE_MOST: Final = 0.25
"""How far the face's middle may be from the picture's, over the picture's width or height."""
LUMA_LEAST: Final = 55.0
"""Mean brightness of the face, 0..255."""
LUMA_MOST: Final = 215.0
SHARPNESS_LEAST: Final = 30.0
"""Variance of the Laplacian of the face at `SHARPNESS_PX` width: small when it is blurred."""
SHARPNESS_PX: Final = 96


class Fault(Enum):
    """What is wrong with a picture."""

    NO_FACE = "no-face"
    TWO_FACES = "two-faces"
    TOO_FAR = "too-far"
    TOO_NEAR = "too-near"
    OFF_CENTRE = "off-centre"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    BLURRED = "blurred"


def fault(rgb: Picture, faces: Sequence[Mesh]) -> Fault | None:
    """The first fault of a picture (height x width x 3) in which these faces were found, or None if it is good."""
    if not faces:
        return Fault.NO_FACE
    if len(faces) > 1:
        return Fault.TWO_FACES
    (face,) = faces
    return _placing(rgb, face) or _light(_face_only(rgb, face))


def sharpness(rgb: Picture, face: Mesh) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) of the face, at a fixed size so that noise hardly counts."""
    return _sharpness(_face_only(rgb, face))


def _placing(rgb: Picture, face: Mesh) -> Fault | None:
    height, width = rgb.shape[:2]
    share = face.height_px / height
    if share < FACE_HEIGHT_LEAST:
        return Fault.TOO_FAR
    if share > FACE_HEIGHT_MOST:
        return Fault.TOO_NEAR
    middle = (face.flat.min(axis=0) + face.flat.max(axis=0)) / 2
    if np.abs(middle / (width, height) - 0.5).max() > OFF_CENTRE_MOST:
        return Fault.OFF_CENTRE
    return None


def _light(grey: NDArray[np.uint8]) -> Fault | None:
    luma = float(grey.mean())
    if luma < LUMA_LEAST:
        return Fault.TOO_DARK
    if luma > LUMA_MOST:
        return Fault.TOO_BRIGHT
    if _sharpness(grey) < SHARPNESS_LEAST:
        return Fault.BLURRED
    return None


def _sharpness(grey: NDArray[np.uint8]) -> float:
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def _face_only(rgb: Picture, face: Mesh) -> NDArray[np.uint8]:
    """The face's rectangle in grey, `SHARPNESS_PX` wide; what is outside of the picture is left out."""
    height, width = rgb.shape[:2]
    left, top = np.clip(np.floor(face.flat.min(axis=0)).astype(int), 0, (width - 2, height - 2))
    right, bottom = np.clip(np.ceil(face.flat.max(axis=0)).astype(int), (left + 2, top + 2), (width, height))
    grey = cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    rows = max(2, round(SHARPNESS_PX * grey.shape[0] / grey.shape[1]))
    return np.asarray(cv2.resize(grey, (SHARPNESS_PX, rows), interpolation=cv2.INTER_AREA), np.uint8)
