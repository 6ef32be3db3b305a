"""A page of crosses, to lay over a pre-printed form and read off how far what is printed on it must move (A18).

Every 20 mm from the upper left corner stands a cross. Print it with the shift that the profile gives the kind
(`overlay_mm`): where a cross lies beside its mark on the form, the difference is what to add.
"""

from typing import Final

import numpy as np

from kiosk.documents.picture_pdf import picture_pdf
from kiosk.documents.render import PAPER_DPI, pixels, shifted

A4_MM: Final = (210.0, 297.0)
EVERY_MM: Final = 20.0
_ARM_MM: Final = 3.0
_LINE_PX: Final = 3


def test_page(shift_mm: tuple[float, float]) -> bytes:
    """As a PDF of one picture at the paper's 300 dpi."""
    width, height = (pixels(mm) for mm in A4_MM)
    page = np.full((height, width, 3), 255, np.uint8)
    arm = pixels(_ARM_MM)
    for x_mm in np.arange(EVERY_MM, A4_MM[0], EVERY_MM):
        for y_mm in np.arange(EVERY_MM, A4_MM[1], EVERY_MM):
            x, y = pixels(x_mm), pixels(y_mm)
            page[y - arm : y + arm + 1, x - _LINE_PX // 2 : x + _LINE_PX // 2 + 1] = 0
            page[y - _LINE_PX // 2 : y + _LINE_PX // 2 + 1, x - arm : x + arm + 1] = 0
    right, down = (pixels(mm) for mm in shift_mm)
    return picture_pdf([shifted(page, right, down)], PAPER_DPI)
