"""A picture as it would stand on a second-generation identity card: 102 x 126 pixels in about 1 KB.

WLT, the format on the chip, has no published encoder; WebP of the same size in bytes stands in for it. How much it
harms is therefore like, not equal to, what the chip does.
"""

import io
from typing import Final

import numpy as np
from PIL import Image

from models.landmarks import Mesh, Picture

SIZE_PX: Final = (102, 126)
BYTES_MOST: Final = 1024
_HEIGHT: Final = 1.65
"""An identity photograph is so much higher than the face in it (top of the forehead to chin), ..."""
_ABOVE: Final = 0.25
"""... with so much of its height above the forehead, for the hair, and less below the chin."""


def portrait_box(face: Mesh) -> tuple[int, int, int, int]:
    """The part of a picture that an identity photograph shows: left, top, right, bottom."""
    (left, top), (right, bottom) = face.flat.min(axis=0), face.flat.max(axis=0)
    height = (bottom - top) * _HEIGHT
    width = height * SIZE_PX[0] / SIZE_PX[1]
    middle, upper = (left + right) / 2, top - height * _ABOVE
    return (int(middle - width / 2), int(upper), int(middle + width / 2), int(upper + height))


def as_on_the_chip(rgb: Picture, face: Mesh) -> Picture:
    """The face in `rgb`, cropped, shrunk, squeezed into `BYTES_MOST` and decoded again."""
    small = Image.fromarray(rgb).crop(portrait_box(face)).resize(SIZE_PX, Image.Resampling.LANCZOS)
    data = b""
    for quality in range(90, -1, -5):
        file = io.BytesIO()
        small.save(file, "WEBP", quality=max(quality, 1))
        data = file.getvalue()
        if len(data) <= BYTES_MOST:
            break
    with Image.open(io.BytesIO(data), formats=("WEBP",)) as decoded:
        return np.asarray(decoded.convert("RGB"))
