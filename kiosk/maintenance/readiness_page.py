"""How the readiness report lies on paper: state and counts in the head, a section for each kind of thing, Chinese
beside English, what to do below, and at the end the signature as a code.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from kiosk.china_time import CHINA
from kiosk.health.findings import Level, State
from kiosk.maintenance.line import Line
from kiosk.maintenance.looking import STATES
from kiosk.maintenance.printer_page import code
from kiosk.maintenance.staff_paper import FOOT_MM, SOFT, WHITE, WIDTH_MM, Colour, Sheet, StaffPaper
from kiosk.text import Text

_LEFT: Final = 15.0
_WIDTH: Final = WIDTH_MM - 2 * _LEFT
_END: Final = FOOT_MM - 4
_COLOURS: Final[dict[State, Colour]] = {
    State.READY: (15, 107, 65),
    State.DEGRADED: (133, 80, 0),
    State.OUT_OF_SERVICE: (176, 32, 32),
}
_MARKS: Final[dict[Level, Colour]] = {Level.OK: (15, 107, 65), Level.WARN: (214, 132, 0), Level.FAIL: (176, 32, 32)}
_LEVELS: Final = {Level.OK: Text("正常", "OK"), Level.WARN: Text("注意", "WARN"), Level.FAIL: Text("故障", "FAIL")}
_CODE_MM: Final = 34.0
_HALF: Final = (_WIDTH - 9) / 2
_RISING: Final = (Level.FAIL, Level.WARN, Level.OK)


@dataclass(frozen=True, slots=True)
class Report:
    """All that stands on it. `signature`: the JWS; empty when this terminal cannot sign."""

    terminal: str
    hall: Text
    at: datetime
    state: State
    sections: tuple[tuple[Text, tuple[Line, ...]], ...]
    signature: str


def digest(sections: Sequence[tuple[Text, tuple[Line, ...]]]) -> str:
    """SHA-256 of every line, in order, as `kiosk maintenance readiness … --json` prints it."""
    lines = b"\n".join(msgspec.json.encode(line) for _, lines in sections for line in lines)
    return hashlib.sha256(lines).hexdigest()


def drawn(report: Report, fonts: Path) -> StaffPaper:
    """One or two pages. Takes some tenths of a second. Raises OSError when the typeface is not there."""
    page = _Page(Sheet("终端就绪报告 Readiness report", report.terminal, report.at, fonts))
    _head(page, report)
    for title, lines in report.sections:
        if lines:
            page.section(title)
            for line in lines:
                page.line(line)
    _signed(page, report)
    return page.sheet.finish()


def _head(page: "_Page", report: Report) -> None:
    sheet = page.sheet
    colour, said = _COLOURS[report.state], STATES[report.state]
    sheet.field(0, 0, WIDTH_MM, 39, colour)
    sheet.text(_LEFT, 8, "终端就绪报告", 21, weight="B", ink=WHITE)
    sheet.text(_LEFT, 19.5, "Terminal readiness report", 10.5, ink=WHITE)
    sheet.text(_LEFT, 27, f"{report.hall.zh}  {report.hall.en}", 9, ink=WHITE)
    sheet.text(_LEFT, 8, said.zh, 21, weight="B", ink=WHITE, width_mm=_WIDTH, align="R")
    sheet.text(_LEFT, 19.5, said.en.upper(), 10.5, ink=WHITE, width_mm=_WIDTH, align="R")
    when = f"{report.terminal}  ·  {report.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    sheet.text(_LEFT, 27, when, 9, ink=WHITE, width_mm=_WIDTH, align="R")
    counts = {level: sum(line.level is level for _, lines in report.sections for line in lines) for level in Level}
    x = _LEFT
    for level in _RISING:
        sheet.disc(x, 45.6, 3.2, _MARKS[level])
        words = f"{counts[level]}  {_LEVELS[level].zh} {_LEVELS[level].en}"
        sheet.text(x + 5, 44.6, words, 10, weight="B")
        x += sheet.width_mm(words, 10, "B") + 16
    page.y_mm = 55.0


def _signed(page: "_Page", report: Report) -> None:
    sheet = page.sheet
    page.room(_CODE_MM + 10)
    y = page.y_mm + 4
    sheet.line(_LEFT, y, WIDTH_MM - _LEFT, y, 0.3)
    y += 4
    text_mm = _WIDTH - _CODE_MM - 6
    if report.signature:
        sheet.code(WIDTH_MM - _LEFT - _CODE_MM, y, _CODE_MM, code(report.signature))
        zh = "右侧二维码是本终端的签名（JWS，ES256）：终端、时间、状态和以上全部内容的 SHA-256。"
        en = "The code is this terminal's signature (JWS, ES256): who, when, which state, and the SHA-256 of all above."
    else:
        zh, en = (
            "本终端的密钥不可用，报告没有签名。",
            "This terminal's key cannot be used: not signed.",
        )
    sheet.text(_LEFT, y, "签名  Signature", 10, weight="B")
    y = sheet.paragraph(_LEFT, y + 6, text_mm, zh, 8)
    y = sheet.paragraph(_LEFT, y, text_mm, en, 8, ink=SOFT)
    y = sheet.paragraph(_LEFT, y + 1.5, text_mm, f"SHA-256 {digest(report.sections)}", 7, ink=SOFT)
    sheet.text(_LEFT, y + 3, "检查人 Checked by  ____________________    日期 Date  ______________", 8.5)


class _Page:
    """Lines from top to bottom, over as many pages as it takes."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.y_mm = 0.0
        sheet.begin_page()

    def room(self, height_mm: float) -> None:
        """A new page when that much is not left."""
        if self.y_mm + height_mm > _END:
            self.sheet.begin_page()
            self.y_mm = 16.0

    def section(self, title: Text) -> None:
        self.room(22)
        self.y_mm += 2.5
        self.sheet.text(_LEFT, self.y_mm, title.zh, 11, weight="B")
        beside = _LEFT + self.sheet.width_mm(title.zh, 11, "B") + 2.5
        self.sheet.text(beside, self.y_mm + 0.6, title.en, 8.5, ink=SOFT)
        self.y_mm += 6.2
        self.sheet.line(_LEFT, self.y_mm, WIDTH_MM - _LEFT, self.y_mm, 0.25)
        self.y_mm += 1.6

    def line(self, line: Line) -> None:
        """Chinese on the left, English on the right, what to do below."""
        weight: Literal["", "B"] = "" if line.level is Level.OK else "B"
        zh = self.sheet.wrapped(line.says.zh, _HALF, 8, weight)
        en = self.sheet.wrapped(line.says.en, _HALF, 7.5, weight)
        remedy_zh = self.sheet.wrapped(f"→ {line.remedy.zh}", _HALF, 7.5) if line.remedy else []
        remedy_en = self.sheet.wrapped(f"→ {line.remedy.en}", _HALF, 7) if line.remedy else []
        height = 3.9 * max(len(zh), len(en)) + 3.5 * max(len(remedy_zh), len(remedy_en)) + 1.0
        self.room(height)
        top = self.y_mm
        self.sheet.disc(_LEFT, top + 0.8, 2.2, _MARKS[line.level])
        self._column(_LEFT + 5, top, zh, remedy_zh, 8, weight)
        self._column(_LEFT + 5 + _HALF + 4, top, en, remedy_en, 7.5, weight)
        self.y_mm = top + height

    def _column(
        self, x_mm: float, y_mm: float, says: list[str], remedy: list[str], size_pt: float, weight: Literal["", "B"]
    ) -> None:
        for text in says:
            self.sheet.text(x_mm, y_mm, text, size_pt, weight=weight)
            y_mm += 3.9
        for text in remedy:
            self.sheet.text(x_mm, y_mm, text, size_pt - 0.5, ink=SOFT)
            y_mm += 3.5
