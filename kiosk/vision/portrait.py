"""The portrait on the card: encoded bytes to pixels and the one face in them.

The bytes are a stranger's, so a confined process of their own decodes them (hardware.cards.portrait), and every trouble
is `PortraitUnreadable` with a precise word about it. WLT, the format of second-generation cards, has no published
decoder; without the reader maker's one such a card goes to the counter.
"""

from typing import cast

import numpy as np

from hardware.cards.portrait.port import PortraitDecoder, PortraitError
from hardware.cards.reading import Encoding, Portrait
from models.landmarks import FaceMesh, Mesh, Picture
from models.stills import NotOneFace, the_face_in


class PortraitUnreadable(Exception):
    """There is nothing to compare with; the text says why and holds nothing personal."""


def face_in(data: bytes, encoding: str, decoder: PortraitDecoder, faces: FaceMesh) -> tuple[Picture, Mesh]:
    """The picture in these bytes, large enough, and the one face in it. Raises PortraitUnreadable."""
    rgb = decode(data, encoding, decoder)
    try:
        return the_face_in(rgb, faces)
    except NotOneFace as trouble:
        raise PortraitUnreadable(f"{trouble} in the portrait") from None


def decode(data: bytes, encoding: str, decoder: PortraitDecoder) -> Picture:
    """RGB pixels. Raises PortraitUnreadable."""
    try:
        decoded = decoder.decode(Portrait(data, cast(Encoding, encoding)))
    except PortraitError as error:
        raise PortraitUnreadable(str(error)) from None
    return np.frombuffer(decoded.rgb, np.uint8).reshape(decoded.height, decoded.width, 3)
