"""Cases: who may see what of them, what moves them, when the promised time ends (B18 to B20, B31 to B34, B42).

Like everybody in the sandbox, a person's earlier cases follow from their number: they come into being when they are
first asked for by card. An application makes a new one.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from platform_client.cases import (
    AcceptanceNotice,
    Case,
    CaseApplication,
    CaseByCodeCall,
    CaseByNumberCall,
    CaseCall,
    CaseLine,
    CaseMaterial,
    CaseProgress,
    CaseRefusal,
    CaseResult,
    Cases,
    CasesCall,
    CaseSeen,
    CaseState,
    CaseStep,
    Licence,
    RefusalNotice,
    SupplementNotice,
    Way,
)
from platform_client.guides import Stage
from platform_client.materials import MaterialRefusal
from platform_client.references import Series
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.hall.guesses import Guesses
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.notices import Notice, post
from platform_client.sandbox.hall.plan import Plan, Window
from platform_client.sandbox.hall.store import Store, fresh_number, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.material import CHINA
from platform_client.sandbox.registry import Draw

_OVER: Final = frozenset({CaseState.DECIDED, CaseState.REFUSED, CaseState.TERMINATED})
_NEW: Final = frozenset({CaseState.RECEIVED, CaseState.SUPPLEMENT})
_RUNNING: Final = frozenset({CaseState.ACCEPTED, CaseState.EXTENDED})
"""Here, and only here, the clock of the promised time goes."""

_TAKEN: Final = "材料已收，转受理窗口审查。"
_ACCEPTED: Final = "材料齐全，符合法定形式，予以受理。"
_DECIDED: Final = "经审查，符合办理条件，准予办理。"


class CaseFile(msgspec.Struct, frozen=True):
    """Everything about a case but whose it is. `days_frozen`: working days left when the clock stopped."""

    progress: CaseProgress
    application: CaseApplication
    delivery: Way
    result: CaseResult | None = None
    acceptance: AcceptanceNotice | None = None
    refusal: RefusalNotice | None = None
    supplement: SupplementNotice | None = None
    days_frozen: int | None = None


class CaseFiles:
    """The cases of the hall."""

    def __init__(
        self, store: Store, plan: Plan, guides: Guidebook, guesses: Guesses, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._plan = plan
        self._guides = guides
        self._guesses = guesses
        self._clock = clock

    # --- the calls ----------------------------------------------------------------------------------------------------

    def mine(self, call: CasesCall, visitor: Visitor) -> Cases:
        self._remember(visitor)
        rows = self._store.all("SELECT file FROM cases WHERE who = ? ORDER BY applied_at DESC", visitor.who)
        files = [_decode(row["file"]) for row in rows]
        lines = tuple(
            CaseLine(each.progress.number, each.progress.item_name, each.progress.state, each.application.applied_at)
            for each in files
        )
        return Cases(visitor.about, lines)

    def one(self, call: CaseCall, visitor: Visitor) -> Case:
        self._remember(visitor)
        file = self.own(call.number, visitor)
        return Case(
            visitor.about,
            self._timed(file),
            file.application,
            file.result,
            file.acceptance,
            file.refusal,
            file.supplement,
        )

    async def by_number(self, call: CaseByNumberCall) -> CaseSeen:
        return self._seen("SELECT file FROM cases WHERE number = ?", call.number)

    async def by_code(self, call: CaseByCodeCall) -> CaseSeen:
        return self._seen("SELECT file FROM cases WHERE code = ?", call.code)

    def _seen(self, query: str, given: str) -> CaseSeen:
        self._guesses.allow()
        row = self._store.one(query, given)
        if row is None:
            self._guesses.missed()
            raise Refuse(CaseRefusal.NO_SUCH_CASE.value)
        return CaseSeen(self._timed(_decode(row["file"])))

    # --- for the rest of the hall -------------------------------------------------------------------------------------

    def own(self, number: str, visitor: Visitor) -> CaseFile:
        """A case of this person. Raises Refuse."""
        row = self._store.one("SELECT file FROM cases WHERE number = ? AND who = ?", number, visitor.who)
        if row is None:
            raise Refuse(CaseRefusal.NO_SUCH_CASE.value)
        return _decode(row["file"])

    @staticmethod
    def is_over(progress: CaseProgress) -> bool:
        return progress.state in _OVER

    def open(
        self,
        change: sqlite3.Connection,
        visitor: Visitor,
        item: str,
        materials: tuple[CaseMaterial, ...],
        applied_at: datetime,
        delivery: Way,
        request_id: str | None,
    ) -> CaseFile:
        """A new case, received and not yet looked at."""
        day = applied_at.astimezone(CHINA).date()
        number, code = fresh_number(Series.CASE, day), fresh_number(Series.REVIEW, day)
        window = self._window(item)
        at = applied_at.replace(microsecond=0)
        file = CaseFile(
            CaseProgress(
                number,
                item,
                self._guides.name(item),
                visitor.holder,
                window.number,
                CaseState.RECEIVED,
                None,
                None,
                None,
                (CaseStep(Stage.APPLICATION, at, at, window.clerk_name, window.clerk_number, _TAKEN),),
            ),
            CaseApplication(code, at, f"收件凭证 {number}", "", materials),
            delivery,
        )
        change.execute(
            "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?)",
            (number, code, request_id, visitor.who, seconds(at), msgspec.json.encode(file)),
        )
        return file

    def attach(
        self, change: sqlite3.Connection, number: str, visitor: Visitor, materials: tuple[CaseMaterial, ...]
    ) -> None:
        """What was missing is there: the window looks at the same case again (B31). Raises Refuse."""
        file = self.own(number, visitor)
        if file.progress.state is not CaseState.SUPPLEMENT:
            raise Refuse(MaterialRefusal.NOTHING_MISSING.value)
        now = visitor.now.replace(microsecond=0)
        progress = replace(self._stepped(file, Stage.SUPPLEMENT, now, _TAKEN), state=CaseState.RECEIVED)
        application = replace(file.application, materials=(*file.application.materials, *materials))
        _keep(change, replace(file, progress=replace(progress, state_reason=None), application=application))

    # --- what moves a case --------------------------------------------------------------------------------------------

    def accept(self, number: str) -> None:
        """The promised time begins (B32)."""
        self._move(number, _NEW, self._accepted, Notice.ACCEPTED)

    def refuse(self, number: str, reason: str) -> None:
        """It is not accepted (B33)."""

        def refused(file: CaseFile, now: datetime) -> CaseFile:
            window = self._plan.windows[file.progress.window]
            department = self._plan.departments[window.department]
            progress = self._stepped(file, Stage.ACCEPTANCE, now, reason)
            return replace(
                file,
                progress=replace(progress, state=CaseState.REFUSED, state_reason=reason, promised_by=None),
                refusal=RefusalNotice(number, now, department, window.clerk_name, reason),
            )

        self._move(number, _NEW, refused, Notice.REFUSED)

    def ask_for(self, number: str, missing: str) -> None:
        """Something is missing (B34); the clock stands still until it is there."""

        def supplement(file: CaseFile, now: datetime) -> CaseFile:
            window, item = self._plan.windows[file.progress.window], self._plan.items[file.progress.item]
            department, limit = self._plan.departments[window.department], f"{item.promised_days}个工作日"
            progress = self._stepped(file, Stage.SUPPLEMENT, now, missing)
            return replace(
                file,
                progress=replace(progress, state=CaseState.SUPPLEMENT, state_reason=missing),
                supplement=SupplementNotice(number, now, department, window.clerk_name, limit, missing),
                days_frozen=self._days_left(file.progress),
            )

        self._move(number, _RUNNING | {CaseState.RECEIVED}, supplement, Notice.SUPPLEMENT)

    def decide(self, number: str, result: CaseResult) -> None:
        """The decision, and what is issued with it (B20)."""
        self._move(number, _RUNNING, lambda file, now: self._decided(file, result, now), Notice.DECIDED)

    def suspend(self, number: str, reason: str) -> None:
        """The clock stands still (B42)."""
        self._move(
            number,
            _RUNNING,
            lambda file, now: replace(
                file,
                progress=replace(file.progress, state=CaseState.SUSPENDED, state_reason=reason),
                days_frozen=self._days_left(file.progress),
            ),
        )

    def resume(self, number: str) -> None:
        """The clock goes on with the days that were left."""

        def resumed(file: CaseFile, now: datetime) -> CaseFile:
            left = file.days_frozen
            promised = None if left is None else self._thawed(left, now)
            progress = replace(file.progress, state=CaseState.ACCEPTED, state_reason=None, promised_by=promised)
            return replace(file, progress=progress, days_frozen=None)

        self._move(number, frozenset({CaseState.SUSPENDED}), resumed)

    def extend(self, number: str, working_days: int, reason: str) -> None:
        """More time, and why."""

        def extended(file: CaseFile, now: datetime) -> CaseFile:
            promised = file.progress.promised_by
            if promised is not None:
                promised = self._plan.calendar.after_working_days(promised, working_days)
            progress = replace(file.progress, state=CaseState.EXTENDED, state_reason=reason, promised_by=promised)
            return replace(file, progress=progress)

        self._move(number, _RUNNING, extended)

    def terminate(self, number: str, reason: str) -> None:
        """It ends without a decision."""
        self._move(
            number,
            frozenset(CaseState) - _OVER,
            lambda file, now: replace(
                file, progress=replace(file.progress, state=CaseState.TERMINATED, state_reason=reason)
            ),
        )

    def _move(
        self,
        number: str,
        out_of: frozenset[CaseState],
        moved: Callable[[CaseFile, datetime], CaseFile],
        notice: Notice | None = None,
    ) -> None:
        """Raises KeyError for a case that does not exist, ValueError for one that is not in one of `out_of`."""
        now = self._clock().replace(microsecond=0)
        with self._store.change() as change:
            row = change.execute("SELECT file, who FROM cases WHERE number = ?", (number,)).fetchone()
            if row is None:
                raise KeyError(number)
            file = _decode(row["file"])
            if file.progress.state not in out_of:
                raise ValueError(f"not out of {file.progress.state.value}")
            _keep(change, moved(file, now))
            if notice is not None:
                post(change, row["who"], notice, number, now)

    def _accepted(self, file: CaseFile, now: datetime) -> CaseFile:
        window, item = self._plan.windows[file.progress.window], self._plan.items[file.progress.item]
        promised = self._plan.calendar.after_working_days(now.astimezone(CHINA).date(), item.promised_days)
        if file.days_frozen is not None:
            promised = self._thawed(file.days_frozen, now)
        notice = AcceptanceNotice(
            file.progress.number,
            now,
            self._plan.departments[window.department],
            window.clerk_name,
            f"{item.promised_days}个工作日",
            file.delivery,
            tuple(each.name for each in file.application.materials),
        )
        return replace(
            file,
            progress=replace(
                self._stepped(file, Stage.ACCEPTANCE, now, _ACCEPTED),
                state=CaseState.ACCEPTED,
                state_reason=None,
                promised_by=promised,
            ),
            application=replace(file.application, acceptance_notice=f"受理通知书 {file.progress.number}"),
            acceptance=notice,
            supplement=None,
            days_frozen=None,
        )

    def _decided(self, file: CaseFile, result: CaseResult, now: datetime) -> CaseFile:
        progress = self._stepped(file, Stage.DECISION, now, result.decision)
        return replace(file, progress=replace(progress, state=CaseState.DECIDED, state_reason=None), result=result)

    def _stepped(self, file: CaseFile, stage: Stage, now: datetime, opinion: str) -> CaseProgress:
        """The progress with one more step, begun when the one before ended."""
        window, last = self._plan.windows[file.progress.window], file.progress.steps[-1]
        step = CaseStep(stage, last.ends or now, now, window.clerk_name, window.clerk_number, opinion)
        return replace(file.progress, steps=(*file.progress.steps, step))

    def _timed(self, file: CaseFile) -> CaseProgress:
        """The progress with the days that are left today; none while the clock stands still, or when it is over."""
        if file.progress.state not in _RUNNING:
            return replace(file.progress, promised_by=None, days_left=None)
        return replace(file.progress, days_left=self._days_left(file.progress))

    def _thawed(self, days_left: int, now: datetime) -> date:
        """The last day of the promised time when its clock goes on today."""
        yesterday = now.astimezone(CHINA).date() - timedelta(days=1)
        return self._plan.calendar.after_working_days(yesterday, days_left)

    def _days_left(self, progress: CaseProgress) -> int | None:
        if progress.promised_by is None:
            return None
        today = self._clock().astimezone(CHINA).date()
        return self._plan.calendar.working_days(today, progress.promised_by)

    def _window(self, item: str) -> Window:
        return self._plan.windows_for[item][0]

    # --- what was before ----------------------------------------------------------------------------------------------

    def _remember(self, visitor: Visitor) -> None:
        """Two earlier cases of this person: one decided, with a certificate to print, and one under way."""
        if self._store.one("SELECT 1 FROM cases WHERE who = ? AND request_id IS NULL", visitor.who) is not None:
            return
        draw = Draw.about(visitor.person)
        items = sorted(self._plan.items)
        decided, going = (items[0], items[1]) if draw.number("cases", 0, 1) else (items[1], items[2])
        offer = draw.one("licence", tuple(OFFERS.values())).kind
        licence = Licence(offer.title, offer.code, "A", visitor.today + timedelta(days=365))
        with self._store.change() as change:
            old = self._earlier(change, visitor, decided, 40)
            old = self._decided(
                self._accepted(old, self._morning(39)), CaseResult(_DECIDED, (licence,)), self._morning(38)
            )
            new = self._earlier(change, visitor, going, 2)
            new = self._accepted(new, self._morning(1))
            _keep(change, old)
            _keep(change, new)
        match draw.number("going", 0, 3):
            case 0:
                self.suspend(new.progress.number, "需等待有关机构出具鉴定结论，期间不计入承诺办结时限。")
            case 1:
                self.extend(new.progress.number, 5, "情况复杂，经本机构负责人批准，办理期限延长5个工作日。")
            case 2:
                self.ask_for(new.progress.number, "请补交近期免冠照片一张。")

    def _earlier(self, change: sqlite3.Connection, visitor: Visitor, item: str, days_ago: int) -> CaseFile:
        guide = self._guides.find(item)
        held = guide.elements.materials.materials[:2] if guide is not None else ()
        materials = tuple(CaseMaterial(each.name, "B") for each in held)
        return self.open(change, visitor, item, materials, self._morning(days_ago), "hall", None)

    def _morning(self, days_ago: int) -> datetime:
        """When the windows opened on the last working day that is at least so many days ago."""
        day = self._clock().astimezone(CHINA).date() - timedelta(days=days_ago)
        while not self._plan.calendar.works_on(day):
            day -= timedelta(days=1)
        return next(self._plan.calendar.slots_of(day)).astimezone(UTC)


def _keep(change: sqlite3.Connection, file: CaseFile) -> None:
    encoded = msgspec.json.encode(file)
    change.execute("UPDATE cases SET file = ? WHERE number = ?", (encoded, file.progress.number))


def _decode(file: bytes) -> CaseFile:
    return msgspec.json.decode(file, type=CaseFile)
