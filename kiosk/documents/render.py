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
        drawn = _drawn(document, page, dpi)
    return Picture(drawn.shape[1], drawn.shape[0], drawn.tobytes())


def imprint(pdf: bytes, code: tuple[tuple[bool, ...], ...], shift_mm: tuple[float, float] = (0.0, 0.0)) -> bytes:
    """Every page as it is printed, as a picture: moved by `shift_mm`, then `code`, if there is one, in its upper right
    corner. A PDF of pictures, 300 dpi."""
    right_px, down_px = (pixels(mm) for mm in shift_mm)
    with _opened(pdf) as document:
        pages = (shifted(_drawn(document, page, PAPER_DPI), right_px, down_px) for page in range(len(document)))
        return picture_pdf((_stamped(page, code) for page in pages) if code else pages, PAPER_DPI)


def pixels(mm: float) -> int:
    """At the paper's 300 dpi."""
    return round(mm / 25.4 * PAPER_DPI)


def shifted(page: Any, right_px: int, down_px: int) -> Any:
    """The same size of paper; what moves over its edge is lost, and what comes in is white."""
    height, width = page.shape[:2]
    moved = np.full_like(page, 255)
    if abs(right_px) < width and abs(down_px) < height:
        to_x, to_y = max(right_px, 0), max(down_px, 0)
        from_x, from_y = max(-right_px, 0), max(-down_px, 0)
        wide, high = width - abs(right_px), height - abs(down_px)
        moved[to_y : to_y + high, to_x : to_x + wide] = page[from_y : from_y + high, from_x : from_x + wide]
    return moved


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


def _stamped(page: Any, code: tuple[tuple[bool, ...], ...]) -> Any:
    side_px, margin_px = max(1, pixels(_CODE_MODULE_MM)), pixels(_CODE_MARGIN_MM)
    stamp = np.kron(np.where(np.array(code, bool), 0, 255).astype(np.uint8), np.ones((side_px, side_px), np.uint8))
    height, width = stamp.shape
    right = page.shape[1] - margin_px
    marked = page.copy()
    marked[margin_px : margin_px + height, right - width : right] = stamp[:, :, np.newaxis]
    return marked
