"""Tests of the printers: a page through the queue that certificates take, and a slip."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from hardware.printers.port import Outcome, PrinterError
from hardware.tickets.port import TicketError
from hardware.tickets.slip import Code, Fact, Heading, Note, Rule, Slip
from kiosk.china_time import CHINA
from kiosk.health.findings import Level
from kiosk.maintenance.at_most import NotOver, at_most
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Live, Number, Said, doubtful, fine, not_fitted, wrong
from kiosk.maintenance.printer_page import code, printer_page
from kiosk.maintenance.staff_paper import StaffPaper
from kiosk.maintenance.workshop import Workshop
from kiosk.reasons import EXPLANATIONS, Refused
from kiosk.text import Text

PAGE_WITHIN_S: Final = 90.0
TYPEFACE: Final = Text("重新安装程序及其字体", "install the program anew, with its fonts")
_PRINTER: Final = Text("按打印机面板提示处理，再试一次", "see to the printer, then try again")
_SERVICE_AND_SUPPLIES: Final = frozenset({Role.SERVICE, Role.SUPPLIES})


async def printer_test(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    terminal, at = workshop.profile.terminal.id, workshop.clock.now()
    try:
        paper = await asyncio.to_thread(printer_page, terminal, at, workshop.examiner.fonts)
    except OSError as error:
        yield wrong(f"字体缺失：{error.strerror}", f"no typeface: {error.strerror}", TYPEFACE)
        return
    is_out = True
    async with aclosing(printed(workshop, paper)) as printing:
        async for said in printing:
            is_out = is_out and not (isinstance(said, Line) and said.level is Level.FAIL)
            yield said
    if is_out:
        yield fine(
            "用尺核对标尺，并查看灰阶、细线和二维码", "lay a ruler on it; look at greys, fine lines and the code"
        )


async def printed(workshop: Workshop, paper: StaffPaper) -> AsyncGenerator[Said, None]:
    """Paper of staff through the queue that certificates take, until it is out."""
    pages, waited_for = 0, None
    try:
        async with aclosing(workshop.paper.print_for_staff(paper)) as printing:
            async for report in at_most(PAGE_WITHIN_S, printing):
                if report.pages_out > pages:
                    pages = report.pages_out
                    yield Live((Number(Text("已出页", "pages out"), f"{pages}/{paper.pages}", True),))
                if report.outcome is Outcome.PRINTED:
                    yield fine(f"打印机：{paper.pages} 页已打印", f"printer: {paper.pages} page(s) out")
                elif report.outcome is not None:
                    en = f"printer: the job ended {report.outcome.value}, {report.pages_out} page(s) out"
                    yield wrong(f"打印机：任务未完成（{report.outcome.value}）", en, _PRINTER)
                elif report.trouble is not None and report.trouble is not waited_for:
                    why = report.trouble.value
                    yield doubtful(f"打印机在等待：{why}", f"printer: waits, {why}", _PRINTER)
                waited_for = report.trouble
    except NotOver:
        en = f"printer: not out within {PAGE_WITHIN_S:.0f} s, cancelled"
        yield wrong(f"打印机：{PAGE_WITHIN_S:.0f} 秒内没有打完，已取消", en, _PRINTER)
    except Refused as refused:
        yield wrong(f"打印机：{EXPLANATIONS[refused.reason].zh.what}", f"printer: {refused.detail}", _PRINTER)
    except PrinterError as error:
        yield wrong(f"打印机：{error.trouble.value}", f"printer: {error}", _PRINTER)


async def ticket_printer(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    if workshop.tickets is None:
        yield not_fitted("凭条打印机", "ticket printer")
        return
    at = workshop.clock.now().astimezone(CHINA)
    slip = Slip(
        (
            Heading("测试凭条"),
            Heading("Test slip"),
            Rule(),
            Fact("终端", workshop.profile.terminal.id),
            Fact("时间", f"{at:%Y-%m-%d %H:%M:%S}"),
            Rule(),
            Code(code(f"onecard-kiosk {workshop.profile.terminal.id} {at:%Y-%m-%dT%H:%M:%S}")),
            Note("维护用。不是证明，不具法律效力。"),
            Note("For maintenance. Not a certificate, without legal effect."),
        )
    )
    try:
        await workshop.tickets.print(slip)
    except TicketError as error:
        remedy = Text("装纸或关好上盖，再试一次", "put a roll in, close the cover, then try again")
        yield wrong(f"凭条打印机：{error.trouble.value}", f"ticket printer: {error}", remedy)
    else:
        yield fine("凭条打印机：测试凭条已打印并切纸", "ticket printer: the test slip is out and cut")


PRINTER_PAGE: Final = Entry(
    "printer-page",
    Text("打印测试页", "Printer test page"),
    Group.DEVICES,
    _SERVICE_AND_SUPPLIES,
    printer_test,
    asks=Text("打印一页测试页？", "Print one test page?"),
    alone=True,
)
TICKET: Final = Entry(
    "ticket",
    Text("打印测试凭条", "Test slip"),
    Group.DEVICES,
    _SERVICE_AND_SUPPLIES,
    ticket_printer,
    asks=Text("打印一张测试凭条？", "Print one test slip?"),
    alone=True,
)
