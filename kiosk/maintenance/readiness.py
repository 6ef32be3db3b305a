"""The readiness report: what this terminal is and how it is, on paper, before the doors open (as election offices print
one for each machine; VotingWorks' vxsuite has the idea).

Terminal, versions, every finding with what to do, devices, certificates, supplies, models; and a signature: a JWS of
this terminal (ES256, RFC 7515) as a QR code, over who, when, in which state, and the SHA-256 of all that is said. The
same lines with `--json` are what the digest is over. Whoever has the terminal's public key can check it:
`kiosk.fleet.operator.Operator(key).words(code, KIND, Readiness)`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from kiosk.china_time import CHINA
from kiosk.fleet.operator import sign
from kiosk.health.findings import Finding, Level, State, state_of
from kiosk.maintenance import software, supplies
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.devices import TYPEFACE, printed
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Line, Said, fine, wrong
from kiosk.maintenance.looking import STATES
from kiosk.maintenance.printer_page import code
from kiosk.maintenance.staff_paper import FOOT_MM, SOFT, WHITE, WIDTH_MM, Colour, Sheet, StaffPaper
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text
from platform_client.device_key import DeviceKeyError

KIND: Final = "onecard-readiness+jws"
FILE: Final = "readiness.pdf"
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
_RISING: Final = (Level.FAIL, Level.WARN, Level.OK)
_SECTIONS: Final = (
    (
        Text("设备", "Devices"),
        frozenset(
            {"card reader", "reader binding", "printer", "print queue", "ticket printer", "receipt paper", "camera"}
            | {"ui process", "vision process", "documents process", "paper", "toner"}
        ),
    ),
    (
        Text("平台与证书", "Platform and certificates"),
        frozenset(
            {"platform", "platform login", "platform CA", "device certificate", "device identity", "root of all seals"}
            | {"country signing CAs"}
        ),
    ),
    (
        Text("模型", "Models"),
        frozenset({"face match", "anti-spoof", "model manifest", "portrait decoder", "portrait policy", "WLT decoder"}),
    ),
    (Text("耗材与台账", "Supplies and ledger"), frozenset({"supplies", "paper forecast", "paper ledger"})),
)
_REST: Final = Text("系统", "System")
_SOFTWARE: Final = Text("软件与启动", "Software and boot")


class Readiness(Struct, frozen=True):
    """What the terminal signs. `sha256`: of the lines of the report as JSON."""

    terminal: str
    at: datetime
    state: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that stands on it. `signature`: the JWS; empty when this terminal cannot sign."""

    terminal: str
    hall: Text
    at: datetime
    state: State
    sections: tuple[tuple[Text, tuple[Line, ...]], ...]
    signature: str


async def readiness(workshop: Workshop, choice: str) -> AsyncIterator[Said]:
    report = await made(workshop)
    for line in (line for _, lines in report.sections for line in lines):
        yield line
    try:
        paper = await asyncio.to_thread(drawn, report)
    except OSError as error:
        yield wrong(f"字体缺失：{error.strerror}", f"no typeface: {error.strerror}", TYPEFACE)
        return
    if choice == "paper":
        async for said in printed(workshop, paper):
            yield said
    else:
        yield _kept(workshop, paper)


async def made(workshop: Workshop) -> Report:
    """Asks every part."""
    findings = await workshop.examiner.findings()
    here = (*software.facts(), await software.slot())
    left = tuple([line async for line in supplies.supplies(workshop, "") if isinstance(line, Line)])
    sections = _sorted(findings, here, left)
    at = workshop.clock.now().replace(microsecond=0)
    state = state_of(findings)
    words = Readiness(workshop.identity.terminal, at, state.value, digest(sections))
    try:
        signature = sign(words, KIND, workshop.identity.key).decode().strip()
    except DeviceKeyError:
        signature = ""
    return Report(workshop.identity.terminal, workshop.profile.terminal.hall, at, state, sections, signature)


def digest(sections: Sequence[tuple[Text, tuple[Line, ...]]]) -> str:
    """SHA-256 of every line, in order, as `kiosk maintenance readiness … --json` prints it."""
    lines = b"\n".join(msgspec.json.encode(line) for _, lines in sections for line in lines)
    return hashlib.sha256(lines).hexdigest()


def _sorted(
    findings: Sequence[Finding], here: tuple[Line, ...], left: tuple[Line, ...]
) -> tuple[tuple[Text, tuple[Line, ...]], ...]:
    """In each section what is wrong comes first."""
    named = frozenset[str]().union(*(parts for _, parts in _SECTIONS))
    worst_first = sorted(findings, key=lambda each: _RISING.index(each.level))
    sections = []
    for title, parts in _SECTIONS:
        with_models = title.en == "Models"
        lines = [as_line(f) for f in worst_first if f.part in parts or (with_models and f.part.startswith("model "))]
        sections.append((title, (*lines, *left) if title.en.startswith("Supplies") else tuple(lines)))
    rest = [as_line(f) for f in worst_first if f.part not in named and not f.part.startswith("model ")]
    return (*sections, (_REST, tuple(rest)), (_SOFTWARE, here))


def _kept(workshop: Workshop, paper: StaffPaper) -> Line:
    """On tmpfs, for whoever asked: root, or the fleet's agent."""
    path = workshop.folder / FILE
    try:
        coming = path.with_suffix(".new")
        coming.write_bytes(paper.pdf)
        coming.chmod(0o640)
        coming.rename(path)
    except OSError as error:
        remedy = Text("检查运行目录：kiosk doctor", "look at the run directory: kiosk doctor")
        return wrong(f"报告没有写入：{error.strerror}", f"the report was not written: {error.strerror}", remedy)
    return fine(f"报告（{paper.pages} 页）：{path}", f"the report, {paper.pages} page(s): {path}")


def drawn(report: Report) -> StaffPaper:
    """One or two pages. Takes some tenths of a second. Raises OSError when the typeface is not there."""
    page = _Page(Sheet("终端就绪报告 Readiness report", report.terminal, report.at))
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


_HALF: Final = (_WIDTH - 9) / 2

READINESS: Final = Entry(
    name="readiness",
    title=Text("就绪报告", "Readiness report"),
    group=Group.RECORDS,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=readiness,
    choices=(Choice("paper", Text("打印", "On paper")), Choice("file", Text("存为文件", "As a file"))),
    alone=True,
    fleet=True,
)
