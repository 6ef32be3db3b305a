"""Paper for staff, drawn by this terminal: the printer's test page, the readiness report.

The certificate printer takes a `PrintableDocument`, which the right-person gate alone makes, and `StaffPaper`, which a
`Sheet` alone makes. A sheet knows texts, lines, fields of grey and codes; no bytes, no picture and no file can be laid
on it, and each of its pages says at its foot that it is for maintenance. So no certificate can leave the printer this
way, whoever calls it. Only kiosk.maintenance draws (pyproject.toml, importlinter).
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from kiosk.china_time import CHINA

WIDTH_MM: Final = 210.0
HEIGHT_MM: Final = 297.0
FOOT_MM: Final = 283.0
"""Where the foot of each page begins."""
_FAMILY: Final = "sans"
_LEADING: Final = 1.35
_POINTS_PER_MM: Final = 72 / 25.4
_CLOSING: Final = "，。；：、！？）”》…"
_OPENING: Final = "（“《"
_FOOT: Final = "维护用页，不是证明，不具法律效力  ·  For maintenance. Not a certificate, without legal effect"

Colour = tuple[int, int, int]
INK: Final[Colour] = (15, 30, 51)
SOFT: Final[Colour] = (70, 86, 109)
LINE: Final[Colour] = (190, 200, 214)
WHITE: Final[Colour] = (255, 255, 255)

_MINT: Final = object()


class StaffPaper:
    """Finished pages, ready to be printed. Read-only."""

    __slots__ = ("pages", "pdf")

    pdf: bytes
    pages: int

    def __init__(self, mint: object, pdf: bytes, pages: int) -> None:
        if mint is not _MINT:
            raise TypeError("StaffPaper is made by drawing on a Sheet")
        object.__setattr__(self, "pdf", pdf)
        object.__setattr__(self, "pages", pages)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("paper is read-only")

    def __repr__(self) -> str:
        return f"<StaffPaper of {self.pages} pages>"


class Sheet:
    """A4 pages to draw on, in millimetres from the upper left corner. `title` and `terminal` stand at each foot;
    `fonts`: the folder of the faces that the pages on the screen have, too."""

    def __init__(self, title: str, terminal: str, at: datetime, fonts: Path) -> None:
        """Raises OSError when the typeface is not there."""
        from fpdf import FPDF  # a third of a second that a desk which starts has no use for

        self._pdf: Any = FPDF(format="A4")
        self._pdf.set_auto_page_break(False)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_author(terminal)
        self._pdf.set_creation_date(at)
        self._pdf.set_lang("zh-CN")
        for weight, file in (("", "NotoSansSC-Regular.otf"), ("B", "NotoSansSC-Bold.otf")):
            self._pdf.add_font(_FAMILY, weight, fonts / file)
        self._said = f"{title}  ·  {terminal}  ·  {at.astimezone(CHINA):%Y-%m-%d %H:%M}"

    def begin_page(self) -> None:
        if self._pdf.pages:
            self._foot()
        self._pdf.add_page()

    def width_mm(self, text: str, size_pt: float, weight: Literal["", "B"] = "") -> float:
        """How wide it will be in one line."""
        self._pdf.set_font(_FAMILY, weight, size_pt)
        return float(self._pdf.get_string_width(text))

    def line_mm(self, size_pt: float) -> float:
        """How high a line of this size is."""
        return size_pt / _POINTS_PER_MM * _LEADING

    def wrapped(self, text: str, width_mm: float, size_pt: float, weight: Literal["", "B"] = "") -> list[str]:
        """The lines in which it fits: Chinese may break anywhere, other words between them where they can."""
        self._pdf.set_font(_FAMILY, weight, size_pt)
        lines: list[str] = []
        line = ""
        for word in _words(text):
            if line and self._pdf.get_string_width(line + word.rstrip()) > width_mm:
                lines.append(line.rstrip())
                line = ""
            for part in (word,) if self._pdf.get_string_width(word.rstrip()) <= width_mm else word:
                if line and self._pdf.get_string_width(line + part) > width_mm:
                    lines.append(line.rstrip())
                    line = ""
                line += part if line else part.lstrip()
        return [*lines, line.rstrip()] if line.strip() or not lines else lines

    def text(
        self,
        x_mm: float,
        y_mm: float,
        text: str,
        size_pt: float,
        *,
        weight: Literal["", "B"] = "",
        ink: Colour = INK,
        width_mm: float = 0.0,
        align: Literal["L", "C", "R"] = "L",
    ) -> None:
        """One line, its top at `y_mm`; `width_mm`: of the field in which it is aligned."""
        self._pdf.set_font(_FAMILY, weight, size_pt)
        self._pdf.set_text_color(*ink)
        self._pdf.set_xy(x_mm, y_mm)
        width = width_mm or self._pdf.get_string_width(text) + 1
        self._pdf.cell(width, self.line_mm(size_pt), text, align=align)

    def paragraph(
        self,
        x_mm: float,
        y_mm: float,
        width_mm: float,
        text: str,
        size_pt: float,
        *,
        weight: Literal["", "B"] = "",
        ink: Colour = INK,
    ) -> float:
        """As many lines as it takes; returns where the next thing may begin."""
        for line in self.wrapped(text, width_mm, size_pt, weight):
            self.text(x_mm, y_mm, line, size_pt, weight=weight, ink=ink)
            y_mm += self.line_mm(size_pt)
        return y_mm

    def line(
        self, x_mm: float, y_mm: float, to_x_mm: float, to_y_mm: float, width_mm: float = 0.2, ink: Colour = INK
    ) -> None:
        self._pdf.set_draw_color(*ink)
        self._pdf.set_line_width(width_mm)
        self._pdf.line(x_mm, y_mm, to_x_mm, to_y_mm)

    def field(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, fill: Colour) -> None:
        """A rectangle of one colour, without an edge."""
        self._pdf.set_fill_color(*fill)
        self._pdf.rect(x_mm, y_mm, width_mm, height_mm, style="F")

    def frame(self, x_mm: float, y_mm: float, width_mm: float, height_mm: float, line_mm: float = 0.2) -> None:
        self._pdf.set_draw_color(*INK)
        self._pdf.set_line_width(line_mm)
        self._pdf.rect(x_mm, y_mm, width_mm, height_mm)

    def disc(self, x_mm: float, y_mm: float, diameter_mm: float, fill: Colour) -> None:
        """`x_mm`, `y_mm`: of the upper left corner of what it fits in."""
        self._pdf.set_fill_color(*fill)
        self._pdf.ellipse(x_mm, y_mm, diameter_mm, diameter_mm, style="F")

    def code(self, x_mm: float, y_mm: float, side_mm: float, modules: Sequence[Sequence[bool]]) -> None:
        """A matrix code with its quiet zone, row by row, True is dark."""
        each = side_mm / len(modules)
        for row, dark_in_row in enumerate(modules):
            for column, dark in enumerate(dark_in_row):
                if dark:
                    # A hair more than its share: no white between two dark ones, however the printer rounds.
                    self.field(x_mm + column * each, y_mm + row * each, each * 1.02, each * 1.02, (0, 0, 0))

    def finish(self) -> StaffPaper:
        """Takes some tenths of a second."""
        self._foot()
        return StaffPaper(_MINT, bytes(self._pdf.output()), len(self._pdf.pages))

    def _foot(self) -> None:
        number = f"{self._pdf.page_no()} / {self._pdf.str_alias_nb_pages}"
        self.line(15, FOOT_MM, WIDTH_MM - 15, FOOT_MM, 0.15, LINE)
        self.text(15, FOOT_MM + 1.2, _FOOT, 7, ink=SOFT)
        self.text(15, FOOT_MM + 4.6, self._said, 7, ink=SOFT)
        self.text(15, FOOT_MM + 4.6, number, 7, ink=SOFT, width_mm=WIDTH_MM - 30, align="R")


def _words(text: str) -> list[str]:
    """What a line must not break: a run of letters and digits with the blank after it; each other character alone, with
    the punctuation that no line may begin or end with (GB/T 15834, 5.1)."""
    words: list[str] = []
    run, opening = "", ""
    for character in text:
        if character.isascii() and not character.isspace():
            run += character
            continue
        if run:
            words.append(opening + run + (" " if character.isspace() else ""))
            run = opening = ""
            if character.isspace():
                continue
        if character in _CLOSING and words:
            words[-1] += character
        elif character in _OPENING:
            opening += character
        else:
            words.append(opening + character)
            opening = ""
    return [*words, opening + run] if opening + run else words
