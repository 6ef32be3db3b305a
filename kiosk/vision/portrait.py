"""The portrait on the card: encoded bytes to an embedding.

The bytes are a stranger's, so the format is the one the card states, sizes are checked before anything is decoded, and
every trouble is `PortraitUnreadable` with a precise word about it. WLT, the format of second-generation cards, has no
published decoder; without the reader maker's one such a card goes to the counter.
"""

import io
import warnings
from typing import Final

import cv2
import numpy as np
from PIL import Image

from models.embedding import Embedder, Embedding, chip
from models.landmarks import FaceMesh, Mesh, Picture

BYTES_MOST: Final = 512 * 1024
SIDE_MOST_PX: Final = 2048
SIDE_LEAST_PX: Final = 64

_FORMATS: Final = {"webp": "WEBP", "jpeg": "JPEG", "jp2": "JPEG2000"}
_SMALL_PX: Final = 300
"""Faces on cards fill a picture of about 100 x 125 px; the detector wants them larger."""
_ENLARGED: Final = 3
_BORDERS: Final = (0.0, 0.5, 1.0)
"""And it wants something around them: these borders are tried, in parts of the longer side."""


class PortraitUnreadable(Exception):
    """There is nothing to compare with; the text says why and holds nothing personal."""


def embed_portrait(data: bytes, encoding: str, faces: FaceMesh, embedder: Embedder) -> Embedding:
    """The embedding of the one face in these bytes. Raises PortraitUnreadable."""
    rgb = decode(data, encoding)
    if max(rgb.shape[:2]) < _SMALL_PX:
        rgb = np.asarray(cv2.resize(rgb, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)
    picture, face = _search(rgb, faces)
    return embedder.embed(chip(picture, face))


def decode(data: bytes, encoding: str) -> Picture:
    """RGB pixels. Raises PortraitUnreadable."""
    if encoding == "wlt":
        raise PortraitUnreadable("no decoder for WLT portraits")
    if encoding not in _FORMATS:
        raise PortraitUnreadable("portrait of an unknown encoding")
    if not 0 < len(data) <= BYTES_MOST:
        raise PortraitUnreadable(f"portrait of {len(data)} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=(_FORMATS[encoding],)) as picture:
                if not SIDE_LEAST_PX <= min(picture.size) <= max(picture.size) <= SIDE_MOST_PX:
                    raise PortraitUnreadable("portrait of {} x {} pixels".format(*picture.size))
                return np.asarray(picture.convert("RGB"), np.uint8)
    except PortraitUnreadable:
        raise
    except Exception:
        # Pillow's decoders fail in many ways on damaged files; what they quote may be personal.
        raise PortraitUnreadable(f"damaged {encoding} portrait") from None


def _search(rgb: Picture, faces: FaceMesh) -> tuple[Picture, Mesh]:
    """The picture in which exactly one face was found, and the face."""
    for border in _BORDERS:
        width = round(border * max(rgb.shape[:2]))
        picture = cv2.copyMakeBorder(rgb, width, width, width, width, cv2.BORDER_REFLECT) if width else rgb
        found = faces.find(np.asarray(picture, np.uint8))
        if len(found) > 1 and not width:
            raise PortraitUnreadable("more than one face in the portrait")
        if found:
            return np.asarray(picture, np.uint8), found[0]
    raise PortraitUnreadable("no face in the portrait")
