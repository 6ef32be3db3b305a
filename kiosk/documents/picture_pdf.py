"""A PDF that is nothing but pictures, one to a page (ISO 32000-2, 8.9)."""

import zlib
from collections.abc import Iterable
from typing import Any, Final

_FASTEST: Final = 1
_POINTS_PER_INCH: Final = 72


def picture_pdf(pictures: Iterable[Any], dpi: int) -> bytes:
    """`pictures`: rows of RGB, as arrays of height x width x 3 bytes. Each page is as large as its picture at `dpi`."""
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    pages: list[bytes] = []
    for pixels in pictures:
        height, width = pixels.shape[:2]
        size_pt = b"%.3f %.3f" % (_points(width, dpi), _points(height, dpi))
        first = len(objects) + 1
        image = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8" % (
            width,
            height,
        )
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s]/Resources<</XObject<</P %d 0 R>>>>/Contents %d 0 R>>"
            % (size_pt, first + 1, first + 2)
        )
        packed = zlib.compress(pixels.tobytes(), _FASTEST)
        objects.append(b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (image, len(packed), packed))
        content = b"%s 0 0 %s 0 0 cm /P Do" % tuple(size_pt.split())
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
        pages.append(b"%d 0 R" % first)
    objects[1] = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(pages), len(pages))
    return _file(objects)


def _points(pixels: int, dpi: int) -> float:
    """A hair less: a reader with single precision that rounds up to whole pixels then finds as many as there are."""
    return (int(pixels * _POINTS_PER_INCH * 1000 / dpi) - 1) / 1000


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.5\n")
    offsets: list[int] = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
