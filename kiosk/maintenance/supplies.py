"""Paper, toner and rolls: what is left, what was put in, and what has come out since."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from hardware.printers.port import PrinterError
from hardware.printers.supplies import Supply, SupplyKind, Unit
from hardware.tickets.port import TicketTrouble
from kiosk.china_time import CHINA
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine, wrong
from kiosk.maintenance.workshop import Workshop
from kiosk.paper.ledger import Issue, pages_by_day
from kiosk.paper.stock import paper_runs_out
from kiosk.profile import opening_hours
from kiosk.text import Text

SHOWN_DAYS: Final = 7
_ROLES: Final = frozenset({Role.SERVICE, Role.SUPPLIES})
_KINDS: Final = {
    SupplyKind.PAPER: Text("纸", "paper"),
    SupplyKind.TICKET_ROLL: Text("凭条纸卷", "ticket roll"),
    SupplyKind.TONER: Text("碳粉", "toner"),
    SupplyKind.WASTE: Text("废粉盒", "waste"),
}
_REFILLED: Final = (SupplyKind.PAPER, SupplyKind.TONER, SupplyKind.TICKET_ROLL)
_UNITS: Final = {Unit.SHEETS: Text(" 张", " sheets"), Unit.PERCENT: Text("%", " %")}
_BRING: Final = Text("请备货", "bring some")
_CHOICE: Final = Text("选错了吗？", "was that the wrong choice?")
_PRINTER: Final = Text("打印机通电、连接了吗？", "is the printer switched on and connected?")


async def supplies(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    try:
        found = await workshop.paper.supplies()
    except PrinterError as error:
        yield _silent(error)
        return
    for supply in found.supplies:
        yield _left(supply)
    yield _forecast(workshop, found.sheets_left)
    if workshop.tickets is not None:
        condition = await workshop.tickets.condition()
        yield _roll(condition.trouble, condition.paper_is_low)


def _left(supply: Supply) -> Line:
    kind, unit = _KINDS[supply.kind], _UNITS[supply.unit]
    if supply.left is None:
        zh, en = f"{kind.zh} {supply.name}：打印机未告知", f"{kind.en} {supply.name}: the printer does not say"
    else:
        most = "" if supply.capacity is None else f" / {supply.capacity}"
        zh = f"{kind.zh} {supply.name}：{supply.left}{most}{unit.zh}"
        en = f"{kind.en} {supply.name}: {supply.left}{most}{unit.en}"
    return doubtful(zh, en, _BRING) if supply.is_low else fine(zh, en)


def _roll(trouble: TicketTrouble | None, is_low: bool) -> Line:
    if trouble is not None:
        zh, en = f"凭条打印机：{trouble.value}", f"ticket printer: {trouble.value}"
        return wrong(zh, en, Text("装纸或关好上盖", "put a roll in, or close the cover"))
    if is_low:
        return doubtful("凭条纸卷将尽", "the ticket roll is near its end", _BRING)
    return fine("凭条纸卷充足", "ticket roll: enough")


def _silent(error: PrinterError) -> Line:
    why = error.trouble.value
    return wrong(f"打印机没有答复（{why}）", f"the printer does not say ({why})", _PRINTER)


def _forecast(workshop: Workshop, sheets: int | None) -> Line:
    hours = opening_hours(workshop.profile.opening)
    now = workshop.clock.now()
    found = None if sheets is None else paper_runs_out(sheets, pages_by_day(workshop.issues()), hours, now)
    if found is None or found.expected is None:
        return fine("用量预测：数据还不够", "forecast: not enough days were counted")
    when = found.expected.astimezone(CHINA)
    return fine(f"预计可用到 {when:%Y-%m-%d %H:%M}", f"expected to last until {when:%Y-%m-%d %H:%M}")


async def refill(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    kind = SupplyKind(choice)
    title = _KINDS[kind]
    workshop.stock.refilled(kind)
    workshop.audit.record("supplies.refilled", kind=kind.value)
    yield fine(f"已记录：更换{title.zh}", f"written down: {title.en} was refilled")
    if kind is SupplyKind.TICKET_ROLL:
        if workshop.tickets is None:
            yield doubtful("本机没有凭条打印机", "this terminal has no ticket printer", _CHOICE)
        else:
            condition = await workshop.tickets.condition()
            yield _roll(condition.trouble, condition.paper_is_low)
        return
    try:
        found = await workshop.paper.supplies()
    except PrinterError as error:
        yield _silent(error)
        return
    for supply in found.of(kind):
        yield _left(supply)


async def counters(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    issues = workshop.issues()
    total = sum(issue.pages_out for issue in issues)
    yield fine(f"台账中共 {len(issues)} 次打印，{total} 页", f"{len(issues)} prints in the ledger, {total} pages")
    for kind in (SupplyKind.PAPER, SupplyKind.TONER):
        yield _since(workshop, issues, kind)
    for day, pages in sorted(pages_by_day(issues).items())[-SHOWN_DAYS:]:
        yield fine(f"{day}：{pages} 页", f"{day}: {pages} pages")


def _since(workshop: Workshop, issues: Sequence[Issue], kind: SupplyKind) -> Line:
    at, title = workshop.stock.refilled_at(kind), _KINDS[kind]
    if at is None:
        return fine(f"{title.zh}：尚无更换记录", f"{title.en}: no refill was written down yet")
    pages = sum(issue.pages_out for issue in issues if issue.at >= at)
    when = at.astimezone(CHINA)
    zh = f"{title.zh}：{when:%Y-%m-%d %H:%M} 更换后 {pages} 页"
    return fine(zh, f"{title.en}: {pages} pages since the refill of {when:%Y-%m-%d %H:%M}")


SUPPLIES: Final = Entry("supplies", Text("耗材余量", "Supplies"), Group.SUPPLIES, _ROLES, supplies, fleet=True)
REFILL: Final = Entry(
    "refill",
    Text("登记补充耗材", "Refill"),
    Group.SUPPLIES,
    _ROLES,
    refill,
    asks=Text("已经补充？将记入台账。", "Was it refilled? It is written down."),
    choices=tuple(Choice(kind.value, _KINDS[kind]) for kind in _REFILLED),
)
COUNTERS: Final = Entry("counters", Text("计数", "Counters"), Group.SUPPLIES, _ROLES, counters, fleet=True)
