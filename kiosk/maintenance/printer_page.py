"""The printer's test page: a ruler, a grey wedge, lines, type and a code, to see what the printer makes of them.

A ruler laid on it shows whether pages come out at their size; the wedge whether greys are even and the last step is
not white; the lines where toner breaks; the crosses whether the paper is fed straight; the code whether a scanner can
read what this printer prints.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import segno

from kiosk.china_time import CHINA
from kiosk.maintenance.staff_paper import FOOT_MM, HEIGHT_MM, INK, SOFT, WIDTH_MM, Sheet, StaffPaper

MARGIN_MM: Final = 15.0
RULER_MM: Final = 180
STEPS: Final = 11
_LINES_MM: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_SIZES_PT: Final = (5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 16.0)
_SAMPLE: Final = "永和骨直令 0123456789 ABC abc"
_CROSS_MM: Final = 3.0
_INSET_MM: Final = 7.0
_COLOURS: Final = ((0, 174, 239), (236, 0, 140), (255, 242, 0), (237, 28, 36), (0, 166, 81), (46, 49, 146))


def printer_page(terminal: str, at: datetime, fonts: Path) -> StaffPaper:
    """Takes some tenths of a second. Raises OSError when the typeface is not there."""
    sheet = Sheet("打印机测试页 Printer test page", terminal, at, fonts)
    sheet.begin_page()
    _corners(sheet)
    sheet.text(MARGIN_MM, 22, "打印机测试页", 22, weight="B")
    sheet.text(MARGIN_MM, 33, "Printer test page", 12, ink=SOFT)
    when = f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    sheet.text(MARGIN_MM, 24, terminal, 12, width_mm=RULER_MM - 34, align="R")
    sheet.text(MARGIN_MM, 31, when, 10, ink=SOFT, width_mm=RULER_MM - 34, align="R")
    sheet.code(WIDTH_MM - MARGIN_MM - 28, 16, 28, code(f"onecard-kiosk {terminal} {when}"))
    _ruler(sheet, 52)
    _wedge(sheet, 82)
    _colours(sheet, 116)
    _lines(sheet, 142)
    _type(sheet, 186)
    return sheet.finish()


def code(text: str) -> tuple[tuple[bool, ...], ...]:
    """A QR code with its quiet zone, for `Sheet.code` and for slips."""
    return tuple(tuple(bool(dark) for dark in row) for row in segno.make_qr(text, error="m").matrix_iter(border=4))


def _heading(sheet: Sheet, y_mm: float, zh: str, en: str) -> None:
    sheet.text(MARGIN_MM, y_mm, zh, 10, weight="B")
    sheet.text(MARGIN_MM + sheet.width_mm(zh, 10, "B") + 3, y_mm + 0.5, en, 8, ink=SOFT)


def _ruler(sheet: Sheet, y_mm: float) -> None:
    """Along the upper edge in millimetres, and down the left one."""
    _heading(sheet, y_mm, "标尺，毫米", "Ruler, millimetres: 180 across, 200 down the left edge")
    top = y_mm + 12
    sheet.line(MARGIN_MM, top, MARGIN_MM + RULER_MM, top, 0.25)
    for mm in range(RULER_MM + 1):
        height = 6.0 if mm % 10 == 0 else 4.2 if mm % 5 == 0 else 2.6
        sheet.line(MARGIN_MM + mm, top, MARGIN_MM + mm, top + height, 0.12)
        if mm % 10 == 0:
            sheet.text(MARGIN_MM + mm - 5, top + 6.4, str(mm), 7, width_mm=10, align="C")
    for mm in range(201):
        width = 4.5 if mm % 10 == 0 else 2.0
        sheet.line(5, 64 + mm, 5 + width, 64 + mm, 0.12)


def _wedge(sheet: Sheet, y_mm: float) -> None:
    _heading(sheet, y_mm, "灰阶", "Grey wedge: each step must differ from its neighbours")
    step_mm = RULER_MM / STEPS
    for number in range(STEPS):
        grey = round(255 * (1 - number / (STEPS - 1)))
        left = MARGIN_MM + number * step_mm
        sheet.field(left, y_mm + 7, step_mm, 16, (grey, grey, grey))
        sheet.text(left, y_mm + 24, f"{number * 10} %", 7, width_mm=step_mm, align="C")
    sheet.frame(MARGIN_MM, y_mm + 7, RULER_MM, 16, 0.15)


def _colours(sheet: Sheet, y_mm: float) -> None:
    _heading(sheet, y_mm, "颜色", "Colours (greys on a monochrome printer)")
    step_mm = RULER_MM / len(_COLOURS)
    for number, colour in enumerate(_COLOURS):
        sheet.field(MARGIN_MM + number * step_mm, y_mm + 7, step_mm, 11, colour)


def _lines(sheet: Sheet, y_mm: float) -> None:
    _heading(sheet, y_mm, "线宽，毫米", "Line widths, millimetres: none may be broken")
    for number, width in enumerate(_LINES_MM):
        y = y_mm + 9 + number * 5
        sheet.text(MARGIN_MM, y - 2, f"{width:g}", 7, width_mm=8, align="R")
        sheet.line(MARGIN_MM + 11, y, MARGIN_MM + 96, y, width)
        for column in range(12):
            x = MARGIN_MM + 102 + column * 6.5
            sheet.line(x, y - 2, x + 4, y + 2, width)


def _type(sheet: Sheet, y_mm: float) -> None:
    _heading(sheet, y_mm, "字号，磅", "Type, points: the smallest should be legible")
    y = y_mm + 7
    for size in _SIZES_PT:
        sheet.text(MARGIN_MM, y, f"{size:g}", 7, ink=SOFT, width_mm=8, align="R")
        sheet.text(MARGIN_MM + 11, y, _SAMPLE, size)
        sheet.text(MARGIN_MM + 105, y, _SAMPLE, size if size < 12 else 10, weight="B")
        y += sheet.line_mm(size) + 1.2


def _corners(sheet: Sheet) -> None:
    for x in (_INSET_MM, WIDTH_MM - _INSET_MM):
        for y in (_INSET_MM, HEIGHT_MM - _INSET_MM):
            sheet.line(x - _CROSS_MM, y, x + _CROSS_MM, y, 0.2, INK)
            sheet.line(x, y - _CROSS_MM, x, y + _CROSS_MM, 0.2, INK)
    assert HEIGHT_MM - _INSET_MM - _CROSS_MM > FOOT_MM
