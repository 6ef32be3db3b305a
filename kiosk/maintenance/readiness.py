"""The readiness report: what this terminal is and how it is, on paper, before the doors open (as election offices print
one for each machine; VotingWorks' vxsuite has the idea).

Terminal, versions, every finding with what to do, devices, certificates, supplies, models; and a signature: a JWS of
this terminal (ES256, RFC 7515) as a QR code, over who, when, in which state, and the SHA-256 of all that is said. The
same lines with `--json` are what the digest is over. Whoever has the terminal's public key can check it:
`kiosk.fleet.operator.Operator(key).words(code, KIND, Readiness)`.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from msgspec import Struct

from kiosk.fleet.operator import sign
from kiosk.health.findings import Finding, Level, state_of
from kiosk.maintenance import software, supplies
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Line, Said, fine, wrong
from kiosk.maintenance.printing import TYPEFACE, printed
from kiosk.maintenance.readiness_page import Report, digest, drawn
from kiosk.maintenance.staff_paper import StaffPaper
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text
from platform_client.device_key import DeviceKeyError

KIND: Final = "onecard-readiness+jws"
FILE: Final = "readiness.pdf"
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


async def readiness(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    report = await made(workshop)
    for line in (line for _, lines in report.sections for line in lines):
        yield line
    try:
        paper = await asyncio.to_thread(drawn, report, workshop.examiner.fonts)
    except OSError as error:
        yield wrong(f"字体缺失：{error.strerror}", f"no typeface: {error.strerror}", TYPEFACE)
        return
    if choice == "paper":
        async with aclosing(printed(workshop, paper)) as printing:
            async for said in printing:
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
