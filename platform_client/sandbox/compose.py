"""The certificate on an A4 page, as Chinese authorities set them: Song type, a ruled form, stamp over name and date.

Chinese first, English small beside it. The sentence of the level stands across the page and, in full, at its foot (D05,
D06). The round stamp is part of the picture; what makes the document genuine is the seal put on its bytes (seal.py).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import segno
from fpdf import FPDF
from fpdf.enums import Align
from fpdf.fonts import TTFFont

from platform_client.kinds import Bilingual, CertificateKind
from platform_client.materials import Level, watermark
from platform_client.sandbox.catalogue import AGENCIES
from platform_client.sandbox.records import Fact
from platform_client.sandbox.registry import Person
from platform_client.sandbox.stamp import stamped
from platform_client.sandbox.statement import Statement
from platform_client.sandbox.typeface import Typecase

_INK: Final = (26, 26, 28)
_FADED: Final = (96, 100, 108)
_RULE: Final = (88, 92, 100)
_FRAME: Final = (164, 38, 38)
_SHADE: Final = (246, 243, 240)
_GUILLOCHE: Final = (246, 232, 228)
_WATERMARK: Final = (226, 226, 230)
_WIDTH_MM: Final = 210.0
_HEIGHT_MM: Final = 297.0
_LEFT_MM: Final = 25.0
_FORM_MM: Final = 160.0
_LABEL_MM: Final = 29.0
_ROW_MM: Final = 13.5
_HALF_MM: Final = _FORM_MM / 2
_PADDING_MM: Final = 3.0
_SMALLEST_PT: Final = 6.0


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """Everything on the page and in its statement."""

    kind: CertificateKind
    holder: Person
    facts: tuple[Fact, ...]
    serial: str
    issued_on: date
    statement: Statement

    def __repr__(self) -> str:
        return f"Certificate({self.kind.code})"

    @property
    def sentence(self) -> str:
        return watermark(Level(self.statement.level), self.kind.agency.zh, self.statement.valid_until)

    def rows(self) -> tuple[Fact, ...]:
        """The form: the holder first."""
        holder, born = self.holder, self.holder.born
        sex = Bilingual("男", "male") if holder.male else Bilingual("女", "female")
        return (
            Fact(Bilingual("姓名", "Name"), Bilingual(holder.name, "")),
            Fact(Bilingual("性别", "Sex"), sex),
            Fact(
                Bilingual("证件号码" if holder.foreign else "公民身份号码", "Identity number"),
                Bilingual(holder.number, ""),
            ),
            Fact(Bilingual("出生日期", "Date of birth"), Bilingual(chinese_date(born), born.isoformat())),
            *self.facts,
        )


def compose(certificate: Certificate, typecase: Typecase) -> bytes:
    """The unsealed PDF: one A4 page, fonts embedded, statement in /Metadata. Takes some 30 ms. Raises NoGlyph."""
    page = FPDF(format="A4")
    page.set_auto_page_break(False)
    page.c_margin = 0
    fonts = typecase.for_text(_regular_text(certificate), certificate.kind.title.zh + certificate.kind.agency.zh)
    for style, font in (("", fonts.regular), ("B", fonts.bold)):
        drawn = TTFFont(page, font, f"song{style}", style)  # type: ignore[arg-type]
        drawn.ttfont.recalcBBoxes = False  # they are right as they are
        page.fonts[f"song{style}"] = drawn
    page.set_xmp_metadata(certificate.statement.xmp())
    page.set_creation_date(datetime.combine(certificate.issued_on, datetime.min.time(), UTC))
    page.set_title(certificate.kind.title.zh)
    page.set_lang("zh-CN")
    page.add_page()
    _ground(page)
    _watermark(page, certificate.sentence)
    _heading(page, certificate)
    bottom = _form(page, certificate, 98.0)
    _closing(page, certificate, bottom, typecase)
    _foot(page, certificate.sentence)
    return bytes(page.output())


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


_PREAMBLE: Final = Bilingual(
    "根据本机关及有关登记机构的登记信息，截至开具之日，兹证明：",
    "According to the registers of this and other authorities, as of the day of issue, this is to certify:",
)
_CLOSE: Final = Bilingual("特此证明。", "Hereby certified.")
_SCAN: Final = Bilingual("扫码核对编号", "scan to compare the number")
_SPECIMEN: Final = "沙盒样张，不具法律效力 · Sandbox specimen without legal effect"


def _regular_text(certificate: Certificate) -> str:
    rows = "".join(text.zh + text.en for fact in certificate.rows() for text in (fact.label, fact.value))
    standing = "".join(text.zh + text.en for text in (_PREAMBLE, _CLOSE, _SCAN))
    shown = certificate.kind.title.en + certificate.kind.agency.en + certificate.kind.agency.zh
    return rows + standing + shown + certificate.sentence + certificate.serial + _SPECIMEN + "编号年月日"


def _text(
    page: FPDF,
    x_mm: float,
    y_mm: float,
    width_mm: float,
    text: str,
    size_pt: float,
    *,
    weight: str = "",
    align: Align = Align.L,
    ink: tuple[int, int, int] = _INK,
    spacing_pt: float = 0.0,
) -> None:
    """One line with its top at `y_mm`, set smaller rather than wider than `width_mm`."""
    page.set_font("Song", weight, size_pt)
    page.set_char_spacing(spacing_pt)
    natural_mm = page.get_string_width(text)
    if natural_mm > width_mm:
        page.set_font_size(max(size_pt * width_mm / natural_mm, _SMALLEST_PT))
    page.set_text_color(*ink)
    page.set_xy(x_mm, y_mm)
    page.cell(width_mm, page.font_size * 1.3, text, align=align)
    page.set_char_spacing(0)


def _ground(page: FPDF) -> None:
    """A double frame, and within it the woven lines that make a page hard to retouch."""
    page.set_line_width(0.12)
    page.set_draw_color(*_GUILLOCHE)
    for turn in range(6):
        page.polyline(list(_woven(turn / 6 * math.tau)))
    page.set_draw_color(*_FRAME)
    for inset_mm, line_mm in ((11.0, 0.8), (12.6, 0.2)):
        page.set_line_width(line_mm)
        page.rect(inset_mm, inset_mm, _WIDTH_MM - 2 * inset_mm, _HEIGHT_MM - 2 * inset_mm)
    page.set_line_width(0.2)
    for x_mm in (12.6, _WIDTH_MM - 12.6):
        for y_mm in (12.6, _HEIGHT_MM - 12.6):
            across, down = math.copysign(4.0, _WIDTH_MM / 2 - x_mm), math.copysign(4.0, _HEIGHT_MM / 2 - y_mm)
            page.polyline([(x_mm + across, y_mm), (x_mm + across, y_mm + down), (x_mm, y_mm + down)])


def _woven(phase: float) -> Iterator[tuple[float, float]]:
    """A rosette's line: a circle whose radius swings."""
    for step in range(241):
        angle = step / 240 * math.tau
        radius = 46 + 20 * math.sin(6 * angle + phase)
        yield _WIDTH_MM / 2 + radius * math.cos(angle), 158 + radius * math.sin(angle)


def _watermark(page: FPDF, sentence: str) -> None:
    page.set_font("Song", "", 14)
    page.set_font_size(min(14.0, 14.0 * 165 / page.get_string_width(sentence)))
    page.set_text_color(*_WATERMARK)
    for y_mm in (98, 170, 242):
        with page.rotation(30, _WIDTH_MM / 2, y_mm):
            page.text(_WIDTH_MM / 2 - page.get_string_width(sentence) / 2, y_mm, sentence)


def _heading(page: FPDF, certificate: Certificate) -> None:
    kind = certificate.kind
    _text(page, _LEFT_MM, 27, _FORM_MM, kind.agency.zh, 15, weight="B", align=Align.C, ink=_FRAME, spacing_pt=1.5)
    _text(page, _LEFT_MM, 34.5, _FORM_MM, kind.agency.en, 8.5, align=Align.C, ink=_FADED)
    page.set_draw_color(*_FRAME)
    for y_mm, line_mm in ((41.6, 0.7), (42.8, 0.2)):
        page.set_line_width(line_mm)
        page.line(_LEFT_MM, y_mm, _LEFT_MM + _FORM_MM, y_mm)
    _text(page, _LEFT_MM, 51, _FORM_MM, kind.title.zh, 26, weight="B", align=Align.C, spacing_pt=4)
    _text(page, _LEFT_MM, 64.5, _FORM_MM, f"Certificate: {kind.title.en}", 11, align=Align.C, ink=_FADED)
    _text(page, _LEFT_MM, 74, _FORM_MM, f"编号 No. {certificate.serial}", 9.5, align=Align.R, ink=_FADED)
    _text(page, _LEFT_MM, 82.5, _FORM_MM, _PREAMBLE.zh, 12)
    _text(page, _LEFT_MM, 89.5, _FORM_MM, _PREAMBLE.en, 8, ink=_FADED)


def _form(page: FPDF, certificate: Certificate, top_mm: float) -> float:
    """The ruled table, two facts to a row where they fit; returns where it ends."""
    y_mm, waiting = top_mm, None
    for fact in certificate.rows():
        wide = _is_wide(page, fact)
        if waiting is not None:
            _cell(page, waiting, _LEFT_MM, y_mm, _FORM_MM if wide else _HALF_MM)
            if not wide:
                _cell(page, fact, _LEFT_MM + _HALF_MM, y_mm, _HALF_MM)
            y_mm += _ROW_MM
            waiting = None
            if not wide:
                continue
        if wide:
            _cell(page, fact, _LEFT_MM, y_mm, _FORM_MM)
            y_mm += _ROW_MM
        else:
            waiting = fact
    if waiting is not None:
        _cell(page, waiting, _LEFT_MM, y_mm, _FORM_MM)
        y_mm += _ROW_MM
    page.set_line_width(0.5)
    page.set_draw_color(*_RULE)
    page.rect(_LEFT_MM, top_mm, _FORM_MM, y_mm - top_mm)
    return y_mm


def _is_wide(page: FPDF, fact: Fact) -> bool:
    room_mm = _HALF_MM - _LABEL_MM - 2 * _PADDING_MM
    page.set_font("Song", "", 12)
    if page.get_string_width(fact.value.zh) > room_mm:
        return True
    page.set_font("Song", "", 8)
    return bool(page.get_string_width(fact.value.en) > room_mm)


def _cell(page: FPDF, fact: Fact, x_mm: float, y_mm: float, width_mm: float) -> None:
    page.set_draw_color(*_RULE)
    page.set_fill_color(*_SHADE)
    page.set_line_width(0.2)
    page.rect(x_mm, y_mm, _LABEL_MM, _ROW_MM, style="DF")
    page.rect(x_mm + _LABEL_MM, y_mm, width_mm - _LABEL_MM, _ROW_MM)
    _text(page, x_mm, y_mm + 2.2, _LABEL_MM, fact.label.zh, 11, align=Align.C)
    _text(page, x_mm + 1, y_mm + 8.2, _LABEL_MM - 2, fact.label.en, 7.5, align=Align.C, ink=_FADED)
    left, room = x_mm + _LABEL_MM + _PADDING_MM, width_mm - _LABEL_MM - 2 * _PADDING_MM
    _text(page, left, y_mm + (2.0 if fact.value.en else 4.3), room, fact.value.zh, 12)
    if fact.value.en:
        _text(page, left, y_mm + 8.2, room, fact.value.en, 8, ink=_FADED)


def _closing(page: FPDF, certificate: Certificate, form_mm: float, typecase: Typecase) -> None:
    _text(page, _LEFT_MM, form_mm + 7, 60, _CLOSE.zh, 12)
    _text(page, _LEFT_MM, form_mm + 13.5, 60, _CLOSE.en, 8, ink=_FADED)
    signed_mm = max(form_mm + 36, 222.0)
    agency = certificate.kind.agency.zh
    _text(page, 108, signed_mm, 77, agency, 13, align=Align.C)
    _text(page, 108, signed_mm + 9, 77, chinese_date(certificate.issued_on), 12, align=Align.C)
    by_name = {agency.name.zh: agency for agency in AGENCIES}
    with page.local_context(fill_opacity=0.86, stroke_opacity=0.86):
        page._out(stamped(by_name[agency], typecase, 146.5, signed_mm + 6, _HEIGHT_MM))
    _code(page, certificate, _LEFT_MM, signed_mm - 6)


def _code(page: FPDF, certificate: Certificate, x_mm: float, y_mm: float) -> None:
    """What a telephone reads off the paper: number, kind, agency, last day. Nothing about the holder."""
    said = (
        f"证明编号：{certificate.serial}\n证明名称：{certificate.kind.title.zh}\n"
        f"出具机构：{certificate.kind.agency.zh}\n有效期至：{chinese_date(certificate.statement.valid_until)}"
    )
    # Any mask is valid; trying all eight takes longer than the rest of the page.
    code = segno.make(said, error="m", micro=False, encoding="utf-8", mask=2)
    module_mm = 24.0 / code.symbol_size(border=0)[0]
    page.set_fill_color(*_INK)
    for row, line in enumerate(code.matrix):
        for start, end in _runs(line):
            page.rect(x_mm + start * module_mm, y_mm + row * module_mm, (end - start) * module_mm, module_mm, style="F")
    _text(page, x_mm - 3, y_mm + 25, 30, _SCAN.zh, 8, align=Align.C)
    _text(page, x_mm - 3, y_mm + 28.6, 30, _SCAN.en, 6.5, align=Align.C, ink=_FADED)


def _runs(line: Any) -> Iterator[tuple[int, int]]:
    """Where the dark modules of a row begin and end."""
    start = None
    for place, dark in enumerate([*line, 0]):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            yield start, place
            start = None


def _foot(page: FPDF, sentence: str) -> None:
    _text(page, 16, 270, _WIDTH_MM - 32, sentence, 9.5, align=Align.C)
    _text(page, 16, 277, _WIDTH_MM - 32, _SPECIMEN, 7, align=Align.C, ink=_FADED)
