"""What is on a page, as a picture and as text: pdfium for both, so that the text checked is the text shown.

pdfium is C++ and reads hostile bytes: only the document process loads this module, under its limits.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import numpy as np
import pypdfium2

from kiosk.documents.picture_pdf import picture_pdf
from kiosk.pages import Picture
from kiosk.reasons import Reason, Refused

LIMIT_PIXELS: Final = 18_000_000
"""A3 at 300 dpi, and a little."""
LIMIT_DPI: Final = 300
PAPER_DPI: Final = 300
_POINTS_PER_INCH: Final = 72
_LIMIT_CHARACTERS: Final = 20_000
_LIMIT_PAGES: Final = 200

# Where the code stands on a page: its upper right corner, inside what printers leave white (about 4 mm).
_CODE_MODULE_MM: Final = 0.42
_CODE_MARGIN_MM: Final = 6.0


_ANY_PAGE: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
    b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj "
    b"4 0 obj<</Length 27>>stream\nBT /F 9 Tf 9 9 Td (0) Tj ET\nendstream endobj trailer<</Root 1 0 R>>"
)


def make_ready() -> None:
    """Draws a page of ours and reads it: what pdfium does for the first time takes twice as long."""
    draw_page(_ANY_PAGE, 0, 110)
    list(page_texts(_ANY_PAGE))


def draw_page(pdf: bytes, page: int, dpi: int) -> Picture:
    """Page `page` (0-based) at `dpi`, seal included. Raises Refused(DOCUMENT_UNSAFE): too large, or absent."""
    if not 1 <= dpi <= LIMIT_DPI:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{dpi} dpi")
    with _opened(pdf) as document:
        if not 0 <= page < len(document):
            raise Refused(Reason.DOCUMENT_UNSAFE, f"no page {page}")
        pixels = _drawn(document, page, dpi)
    return Picture(pixels.shape[1], pixels.shape[0], pixels.tobytes())


def imprint(pdf: bytes, code: tuple[tuple[bool, ...], ...]) -> bytes:
    """Every page as it is printed, as a picture with `code` in its upper right corner: a PDF of pictures, 300 dpi."""
    side_px = max(1, round(_CODE_MODULE_MM / 25.4 * PAPER_DPI))
    stamp = np.kron(np.where(np.array(code, bool), 0, 255).astype(np.uint8), np.ones((side_px, side_px), np.uint8))
    margin_px = round(_CODE_MARGIN_MM / 25.4 * PAPER_DPI)
    with _opened(pdf) as document:
        return picture_pdf(
            (_stamped(_drawn(document, page, PAPER_DPI), stamp, margin_px) for page in range(len(document))), PAPER_DPI
        )


def page_texts(pdf: bytes) -> Iterator[str]:
    """The text of each page. Raises Refused(DOCUMENT_UNSAFE) when there is too much of it."""
    with _opened(pdf) as document:
        for page in document:
            text = page.get_textpage()
            if text.count_chars() > _LIMIT_CHARACTERS:
                raise Refused(Reason.DOCUMENT_UNSAFE, "too much text on a page")
            yield text.get_text_range()


@contextmanager
def _opened(pdf: bytes) -> Iterator[Any]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        if len(document) > _LIMIT_PAGES:
            raise Refused(Reason.DOCUMENT_UNSAFE, f"{len(document)} pages")
        yield document


def _drawn(document: Any, page: int, dpi: int) -> Any:
    """Rows of RGB."""
    # The seal's appearance belongs to its form field.
    document.init_forms()
    width_pt, height_pt = document.get_page_size(page)
    scale = dpi / _POINTS_PER_INCH
    if width_pt * scale * height_pt * scale > LIMIT_PIXELS:
        raise Refused(Reason.DOCUMENT_UNSAFE, "too many pixels")
    return document[page].render(scale=scale, may_draw_forms=True, rev_byteorder=True).to_numpy()[:, :, :3]


def _stamped(pixels: Any, stamp: Any, margin_px: int) -> Any:
    height, width = stamp.shape
    right = pixels.shape[1] - margin_px
    marked = pixels.copy()
    marked[margin_px : margin_px + height, right - width : right] = stamp[:, :, np.newaxis]
    return marked
