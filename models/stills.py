"""The one face in a still picture, however small it is and however tight the crop: a document's portrait, a file."""

from typing import Final

import cv2
import numpy as np

from models.landmarks import FaceMesh, Mesh, Picture

_SMALL_PX: Final = 300
"""Faces on cards fill a picture of about 100 x 125 px; the detector wants them larger."""
_ENLARGED: Final = 3
_LARGE_PX: Final = 1280
"""More than this costs time and shows no more of a face that the networks look at in 150 px."""
_BORDERS: Final = (0.0, 0.5, 1.0)
"""And it wants something around them: these borders are tried, in parts of the longer side."""


class NotOneFace(Exception):
    """No face in the picture, or more than one; the text says which."""


def the_face_in(rgb: Picture, faces: FaceMesh) -> tuple[Picture, Mesh]:
    """The picture in which exactly one face was found, perhaps resized, and the face. Raises NotOneFace."""
    longer = max(rgb.shape[:2])
    if longer < _SMALL_PX:
        rgb = np.asarray(cv2.resize(rgb, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)
    elif longer > _LARGE_PX:
        scale = _LARGE_PX / longer
        rgb = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    for border in _BORDERS:
        width = round(border * max(rgb.shape[:2]))
        picture = cv2.copyMakeBorder(rgb, width, width, width, width, cv2.BORDER_REFLECT) if width else rgb
        # The border mirrors the picture, and a face in it is nobody's.
        found = [face for face in faces.find(np.asarray(picture, np.uint8)) if _within(face, rgb, width)]
        if len(found) > 1:
            raise NotOneFace("more than one face")
        if found:
            return np.asarray(picture, np.uint8), found[0]
    raise NotOneFace("no face")


def _within(face: Mesh, rgb: Picture, border_px: int) -> bool:
    x, y = face.flat.mean(axis=0) - border_px
    return bool(0 <= x < rgb.shape[1] and 0 <= y < rgb.shape[0])
