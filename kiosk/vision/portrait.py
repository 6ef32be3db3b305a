"""The portrait on the card: encoded bytes to pixels and the one face in them.

The bytes are a stranger's, so a confined process of their own decodes them (hardware.cards.portrait), and every trouble
is `PortraitUnreadable` with a precise word about it. WLT, the format of second-generation cards, has no published
decoder; without the reader maker's one such a card goes to the counter.
"""

from typing import Final, cast

import cv2
import numpy as np

from hardware.cards.portrait.port import PortraitDecoder, PortraitError
from hardware.cards.reading import Encoding, Portrait
from models.landmarks import FaceMesh, Mesh, Picture

_SMALL_PX: Final = 300
"""Faces on cards fill a picture of about 100 x 125 px; the detector wants them larger."""
_ENLARGED: Final = 3
_BORDERS: Final = (0.0, 0.5, 1.0)
"""And it wants something around them: these borders are tried, in parts of the longer side."""


class PortraitUnreadable(Exception):
    """There is nothing to compare with; the text says why and holds nothing personal."""


def face_in(data: bytes, encoding: str, decoder: PortraitDecoder, faces: FaceMesh) -> tuple[Picture, Mesh]:
    """The picture in these bytes, large enough, and the one face in it. Raises PortraitUnreadable."""
    return find_face(decode(data, encoding, decoder), faces)


def find_face(rgb: Picture, faces: FaceMesh) -> tuple[Picture, Mesh]:
    """A document's portrait, enlarged if it is small, and the one face in it. Raises PortraitUnreadable."""
    if max(rgb.shape[:2]) < _SMALL_PX:
        rgb = np.asarray(cv2.resize(rgb, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8)
    return _search(rgb, faces)


def decode(data: bytes, encoding: str, decoder: PortraitDecoder) -> Picture:
    """RGB pixels. Raises PortraitUnreadable."""
    try:
        decoded = decoder.decode(Portrait(data, cast(Encoding, encoding)))
    except PortraitError as error:
        raise PortraitUnreadable(str(error)) from None
    return np.frombuffer(decoded.rgb, np.uint8).reshape(decoded.height, decoded.width, 3)


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
