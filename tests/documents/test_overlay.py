"""Pages on pre-printed forms: moved by millimetres, and where they then are."""

import numpy as np
import pytest
from fpdf import FPDF

from kiosk.documents.render import PAPER_DPI, draw_page, imprint
from kiosk.documents.test_page import EVERY_MM
from kiosk.documents.test_page import test_page as crosses

TOLERANCE_MM = 0.5
MM_PER_PIXEL = 25.4 / PAPER_DPI


def dark(pdf: bytes) -> np.ndarray:
    """Where there is ink, as rows of the page at 300 dpi."""
    page = draw_page(pdf, 0, PAPER_DPI)
    return np.frombuffer(page.rgb, np.uint8).reshape(page.height, page.width, 3).min(axis=2) < 128


def block(x_mm: float, y_mm: float) -> bytes:
    """A black square of 10 mm with its corner here: what a certificate puts into a box of the form."""
    pdf = FPDF(format="A4")
    pdf.add_page()
    pdf.rect(x_mm, y_mm, 10, 10, style="F")
    return bytes(pdf.output())


@pytest.mark.parametrize("shift_mm", [(0.0, 0.0), (3.2, -1.4), (-7.75, 12.3), (0.1, 0.1)])
def test_what_is_printed_on_a_form_moves_by_millimetres(shift_mm: tuple[float, float]) -> None:
    """A18: within half a millimetre, in the raster that goes to the printer."""
    rows, columns = np.nonzero(dark(imprint(block(50, 80), (), shift_mm)))
    assert abs(columns.min() * MM_PER_PIXEL - (50 + shift_mm[0])) < TOLERANCE_MM
    assert abs(rows.min() * MM_PER_PIXEL - (80 + shift_mm[1])) < TOLERANCE_MM
    assert abs(columns.max() * MM_PER_PIXEL - (60 + shift_mm[0])) < TOLERANCE_MM
    assert abs(rows.max() * MM_PER_PIXEL - (90 + shift_mm[1])) < TOLERANCE_MM


def test_what_leaves_the_paper_is_gone_and_does_not_come_in_on_the_other_side() -> None:
    assert not dark(imprint(block(50, 80), (), (300.0, 0.0))).any()
    rows, columns = np.nonzero(dark(imprint(block(205, 80), (), (3.0, 0.0))))
    assert columns.min() * MM_PER_PIXEL > 200
    assert rows.size


@pytest.mark.parametrize("shift_mm", [(0.0, 0.0), (2.0, -1.5)])
def test_the_crosses_of_the_test_page_stand_where_they_should(shift_mm: tuple[float, float]) -> None:
    """A18: the page that a technician lays over the form."""
    ink = dark(crosses(shift_mm))
    for step in range(1, 10):
        x, y = (round((step * EVERY_MM + mm) / MM_PER_PIXEL) for mm in shift_mm)
        half = round(TOLERANCE_MM / MM_PER_PIXEL)
        assert ink[y - half : y + half + 1, x - half : x + half + 1].any()
        assert not ink[y + 60 : y + 80, x + 60 : x + 80].any()
