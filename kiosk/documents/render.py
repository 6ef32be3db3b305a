"""What is on a page, as a picture and as text: pdfium for both, so that the text checked is the text shown.

pdfium is C++ and reads hostile bytes: only the document process loads this module, under its limits.
"""

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pypdfium2

from kiosk.reasons import Reason, Refused

LIMIT_PIXELS: Final = 12_000_000
LIMIT_DPI: Final = 300
_POINTS_PER_INCH: Final = 72
_LIMIT_CHARACTERS: Final = 20_000


def draw_page(pdf: bytes, page: int, dpi: int) -> bytes:
    """Page `page` (0-based) at `dpi` as PNG, seal included. Raises Refused(DOCUMENT_UNSAFE): too large, or absent."""
    if not 1 <= dpi <= LIMIT_DPI:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{dpi} dpi")
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        if not 0 <= page < len(document):
            raise Refused(Reason.DOCUMENT_UNSAFE, f"no page {page}")
        # The seal's appearance belongs to its form field.
        document.init_forms()
        width_pt, height_pt = document.get_page_size(page)
        scale = dpi / _POINTS_PER_INCH
        if width_pt * scale * height_pt * scale > LIMIT_PIXELS:
            raise Refused(Reason.DOCUMENT_UNSAFE, "too many pixels")
        picture = document[page].render(scale=scale, may_draw_forms=True).to_pil()
        png = io.BytesIO()
        # Fast rather than small: the picture goes through a socket on this machine.
        picture.save(png, "PNG", compress_level=1)
        return png.getvalue()


def page_texts(pdf: bytes) -> Iterator[str]:
    """The text of each page. Raises Refused(DOCUMENT_UNSAFE) when there is too much of it."""
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        for page in document:
            text = page.get_textpage()
            if text.count_chars() > _LIMIT_CHARACTERS:
                raise Refused(Reason.DOCUMENT_UNSAFE, "too much text on a page")
            yield text.get_text_range()
