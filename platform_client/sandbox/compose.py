"""The certificate on an A4 page: Chinese first, English beside it, the level-A sentence at the foot (C12, D05).

The round stamp is part of the picture; what makes the document genuine is the seal put on its bytes (seal.py).
"""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from platform_client.kinds import Bilingual, CertificateKind
from platform_client.sandbox.levels import Level, chinese_date, watermark
from platform_client.sandbox.records import Fact
from platform_client.sandbox.registry import Person
from platform_client.sandbox.statement import Statement
from platform_client.sandbox.typeface import Typecase

# The subsetter lists every glyph it keeps, which spells out names.
logging.getLogger("fontTools.subset").setLevel(logging.WARNING)

_INK: Final = (28, 32, 38)
_FADED: Final = (105, 112, 122)
_FRAME: Final = (22, 77, 122)
_STAMP: Final = (200, 32, 38)
_WATERMARK: Final = (224, 230, 237)
_LEFT_MM: Final = 26.0
_WIDTH_MM: Final = 158.0


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


def compose(certificate: Certificate, typecase: Typecase) -> bytes:
    """The unsealed PDF: one A4 page, fonts embedded, statement in /Metadata. Takes about 0.3 s of CPU."""
    page = FPDF(format="A4")
    page.set_auto_page_break(False)
    fonts = typecase.for_text(_every_text(certificate))
    page.add_font("Sans", "", fonts.regular)
    page.add_font("Sans", "B", fonts.bold)
    page.set_xmp_metadata(certificate.statement.xmp())
    page.set_creation_date(datetime.combine(certificate.issued_on, datetime.min.time(), UTC))
    page.set_lang("zh-CN")
    page.add_page()
    sentence = watermark(
        Level(certificate.statement.level), certificate.kind.agency.zh, certificate.statement.valid_until
    )
    _watermark(page, sentence)
    _frame(page)
    _heading(page, certificate)
    _table(page, certificate)
    _closing(page, certificate)
    _foot(page, sentence)
    return bytes(page.output())


def _every_text(certificate: Certificate) -> str:
    facts = [text for fact in certificate.facts for text in (fact.label, fact.value)]
    shown = [certificate.kind.title, certificate.kind.agency, *facts]
    return certificate.holder.name + "".join(text.zh + text.en for text in shown)


def _line(page: FPDF, text: str, size_pt: float, height_mm: float, *, weight: str = "", align: Align = Align.C) -> None:
    page.set_font("Sans", weight, size_pt)
    page.set_x(_LEFT_MM)
    page.cell(_WIDTH_MM, height_mm, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _watermark(page: FPDF, sentence: str) -> None:
    page.set_font("Sans", "", 15)
    page.set_font_size(min(15.0, 15.0 * 158 / page.get_string_width(sentence)))
    page.set_text_color(*_WATERMARK)
    for y_mm in (90, 158, 226):
        with page.rotation(28, 105, y_mm):
            page.text(105 - page.get_string_width(sentence) / 2, y_mm, sentence)


def _frame(page: FPDF) -> None:
    page.set_draw_color(*_FRAME)
    for inset_mm, line_mm in ((12.0, 0.9), (14.2, 0.25)):
        page.set_line_width(line_mm)
        page.rect(inset_mm, inset_mm, 210 - 2 * inset_mm, 297 - 2 * inset_mm)


def _heading(page: FPDF, certificate: Certificate) -> None:
    kind = certificate.kind
    page.set_y(28)
    page.set_text_color(*_FRAME)
    _line(page, kind.agency.zh, 15, 8, weight="B")
    page.set_text_color(*_FADED)
    _line(page, kind.agency.en, 9, 5)
    page.set_y(50)
    page.set_text_color(*_INK)
    page.set_char_spacing(3)
    _line(page, kind.title.zh, 27, 14, weight="B")
    page.set_char_spacing(0)
    _line(page, f"Certificate: {kind.title.en}", 11, 7)
    page.set_text_color(*_FADED)
    _line(page, f"编号 No. {certificate.serial}", 9, 8, align=Align.R)


def _table(page: FPDF, certificate: Certificate) -> None:
    page.set_y(88)
    page.set_text_color(*_INK)
    _line(page, "根据本机关登记信息，兹证明：", 12, 8, align=Align.L)
    page.set_text_color(*_FADED)
    _line(page, "On the strength of its registers, this agency certifies:", 9, 6, align=Align.L)
    page.ln(3)
    holder = certificate.holder
    for fact in (
        Fact(Bilingual("姓名", "Name"), Bilingual(holder.name, "")),
        Fact(Bilingual("公民身份号码", "Resident identity number"), Bilingual(holder.number, "")),
        *certificate.facts,
    ):
        _row(page, fact)


def _row(page: FPDF, fact: Fact) -> None:
    top = page.get_y()
    page.set_draw_color(*_FADED)
    page.set_line_width(0.15)
    page.line(_LEFT_MM, top + 14, _LEFT_MM + _WIDTH_MM, top + 14)
    for x_mm, text, size_pt in ((_LEFT_MM, fact.label, 11.0), (_LEFT_MM + 56, fact.value, 12.5)):
        page.set_xy(x_mm, top + 2)
        page.set_text_color(*_INK)
        page.set_font("Sans", "", size_pt)
        page.cell(100, 6, text.zh)
        page.set_xy(x_mm, top + 8)
        page.set_text_color(*_FADED)
        page.set_font("Sans", "", 8.5)
        page.cell(100, 4.5, text.en)
    page.set_y(top + 15)


def _closing(page: FPDF, certificate: Certificate) -> None:
    page.set_text_color(*_INK)
    page.ln(6)
    _line(page, "特此证明。", 12, 8, align=Align.L)
    _stamp(page, certificate.kind.agency.zh, 152, 222)
    page.set_text_color(*_INK)
    page.set_xy(122, 230)
    page.set_font("Sans", "B", 11.5)
    page.cell(60, 7, certificate.kind.agency.zh, align=Align.C)
    page.set_xy(122, 238)
    page.set_font("Sans", "", 11)
    page.cell(60, 6, chinese_date(certificate.issued_on), align=Align.C)


def _stamp(page: FPDF, agency: str, x_mm: float, y_mm: float) -> None:
    """A round stamp of 40 mm, five-pointed star, the agency's name along the upper rim."""
    page.set_draw_color(*_STAMP)
    page.set_fill_color(*_STAMP)
    page.set_text_color(*_STAMP)
    page.set_line_width(1.1)
    page.circle(x_mm, y_mm, 20)
    page.set_line_width(0.1)
    page.star(x_mm, y_mm, 2.4, 6.2, 5, style="F")
    page.set_font("Sans", "B", 12)
    step = min(26.0, 230.0 / max(len(agency) - 1, 1))
    for place, character in enumerate(agency):
        with page.rotation(step * ((len(agency) - 1) / 2 - place), x_mm, y_mm):
            page.text(x_mm - page.get_string_width(character) / 2, y_mm - 13.6, character)


def _foot(page: FPDF, sentence: str) -> None:
    page.set_y(266)
    page.set_text_color(*_INK)
    _line(page, sentence, 9.5, 6)
    page.set_text_color(*_FADED)
    _line(page, "沙盒样张，不具法律效力 · Sandbox specimen without legal effect", 7.5, 5)
