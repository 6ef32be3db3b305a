"""The technician at the terminal: card, PIN, menu, and everything that closes it. A clock turned by hand."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from staff_cards import Slot

from hardware.cards.emulator.piv_chip import PivChip
from hardware.cards.emulator.technicians import PIN, TechnicianCa
from hardware.key_switches.emulator import HandSwitch
from kiosk.audit.log import AuditLog
from kiosk.health.board import Board
from kiosk.health.findings import State
from kiosk.maintenance.back_off import FREE, BackOff
from kiosk.maintenance.credential import PURPOSES, TechnicianTrust
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.key_switch import KeySwitch
from kiosk.maintenance.line import Live, Number, Said, fine, wrong
from kiosk.maintenance.login import Login, Technician
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.pages import (
    Agree,
    Back,
    Denied,
    StaffCard,
    StaffChoose,
    StaffConfirm,
    StaffDenied,
    StaffMenu,
    StaffPin,
    StaffRun,
    TypedPin,
)
from kiosk.maintenance.plan import Choice, Group, Role
from kiosk.maintenance.way_in import PROMPT_S, WayIn
from kiosk.maintenance.workshop import Workshop
from kiosk.pages import Action, Cancel, Done, Home, Page, Pick, Text
from kiosk.reasons import Reason, Refused
from tests.journeys.theatre import PATIENCE_S, HandClock, PageList

PURPOSE = {role: purpose for purpose, role in PURPOSES.items()}
IDLE_S, COUNTDOWN_S = 120.0, 20
ALL = frozenset(Role)
Shown = TypeVar("Shown", bound=Page)


def named(words: str) -> Text:
    return Text(words, words)


@dataclass
class Work:
    """What the entries of the test's menu did."""

    done: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        yield fine("好", "well")
        self.done.append(f"look{choice}")
        yield wrong("坏", "not well", named("mend it"))

    async def slow(self, workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        yield fine("开始", "begun")
        try:
            await self.go_on.wait()
            self.done.append("slow")
        finally:
            self.done.append("slow was left")

    async def live(self, workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        yield Live((Number(named("light"), "120", well=True),))
        await asyncio.Event().wait()

    def entries(self) -> tuple[Entry, ...]:
        choices = (Choice("a", named("A")), Choice("b", named("B")))
        return (
            Entry("look", named("Look"), Group.DEVICES, ALL, self.look),
            Entry("slow", named("Slow"), Group.DEVICES, ALL, self.slow),
            Entry("live", named("Live"), Group.DEVICES, ALL, self.live),
            Entry("change", named("Change"), Group.SERVICE, ALL, self.look, asks=named("Really?"), choices=choices),
            Entry("service-only", named("Service"), Group.SERVICE, frozenset({Role.SERVICE}), self.look),
        )


@dataclass
class Bench:
    """A terminal with nobody at it, and hands."""

    folder: Path
    ca: TechnicianCa
    clock: HandClock
    screen: PageList
    slot: Slot
    health: Board
    work: Work
    way_in: WayIn
    back_off: BackOff
    crl: Path
    visit: "asyncio.Task[None] | None" = None

    def come(self) -> None:
        self.visit = asyncio.ensure_future(self.way_in.attend())

    async def over(self) -> None:
        assert self.visit is not None
        async with asyncio.timeout(PATIENCE_S):
            await self.visit

    async def sees(self, kind: type[Shown], wanted: Callable[[Shown], bool] = lambda page: True) -> Shown:
        def there(pages: list[Page]) -> bool:
            return bool(pages) and isinstance(pages[-1], kind) and wanted(pages[-1])

        async with asyncio.timeout(PATIENCE_S):
            await self.screen.seen(there)
        return cast(Shown, self.screen.pages[-1])

    def does(self, *actions: Action) -> None:
        for action in actions:
            self.screen.tap(action)

    async def passes(self, seconds: float) -> None:
        """That much time, for everybody who waits by now."""
        for _ in range(20):
            await asyncio.sleep(0)
        await self.clock.pass_by(seconds)

    async def types(self, digits: str) -> None:
        await self.sees(StaffPin, lambda page: page.wait_s == 0)
        self.does(TypedPin(digits))

    async def log_in(self, card: PivChip) -> StaffMenu:
        self.slot.insert(card)
        self.come()
        await self.types(PIN)
        return await self.sees(StaffMenu)

    def card(self, role: Role = Role.SERVICE, *, lasts: timedelta = timedelta(days=365), tries: int = 3) -> PivChip:
        return self.ca.card(PURPOSE[role], lasts=lasts, tries=tries)

    def records(self, event: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for file in sorted(self.folder.glob("audit-*")) for line in file.open()]
        return [line["fields"] for line in lines if line["event"] == event]

    @property
    def outcomes(self) -> list[object]:
        return [fields["outcome"] for fields in self.records("maintenance.login")]

    @property
    def closed(self) -> list[object]:
        return [fields["why"] for fields in self.records("maintenance.closed")]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = open_bench(tmp_path, None)
    yield made
    if made.visit is not None:
        made.visit.cancel()
        await asyncio.gather(made.visit, return_exceptions=True)


def open_bench(folder: Path, key: HandSwitch | None) -> Bench:
    clock, screen, slot, work, ca = HandClock(), PageList(), Slot(), Work(), TechnicianCa()
    audit = AuditLog(folder / "audit", clock, terminal="kiosk-0001", software="test")
    health = Board(clock, audit)
    health.report("desk", None)
    _, crl = ca.publish(folder)
    back_off = BackOff(folder / "tries.json", clock)
    menu = Menu(work.entries(), cast(Workshop, SimpleNamespace(audit=audit)))
    login = Login(slot, TechnicianTrust([ca.certificate], [crl]), back_off, clock, audit)
    way_in = WayIn(
        login,
        menu,
        screen,
        clock,
        audit,
        health,
        key=KeySwitch(key) if key else None,
        idle_s=IDLE_S,
        countdown_s=COUNTDOWN_S,
    )
    return Bench(folder / "audit", ca, clock, screen, slot, health, work, way_in, back_off, crl)


# --- who comes in ----------------------------------------------------------------------------------------------------


async def test_a_card_and_its_pin_open_the_menu_of_its_role(bench: Bench) -> None:
    """C16."""
    bench.come()
    await bench.sees(StaffCard)
    bench.slot.insert(bench.card())
    assert await bench.sees(StaffPin) == StaffPin(3)
    bench.does(TypedPin(PIN))
    menu = await bench.sees(StaffMenu)
    assert menu.role is Role.SERVICE
    assert [tile.name for tile in menu.tiles] == ["look", "slow", "live", "change", "service-only"]
    assert bench.outcomes == ["in"]
    bench.does(Cancel())
    await bench.over()
    assert bench.closed == ["left"]


@pytest.mark.parametrize("role", [Role.SUPPLIES, Role.AUDITOR])
async def test_what_is_for_others_is_not_there_and_cannot_be_asked_for(bench: Bench, role: Role) -> None:
    """C16: the desk asks again what the screen was not offered."""
    menu = await bench.log_in(bench.card(role))
    assert "service-only" not in [tile.name for tile in menu.tiles]
    bench.does(Pick("service-only"), Pick("look"))
    await bench.sees(StaffRun, lambda page: page.over)
    assert bench.work.done == ["look"]


async def test_the_terminal_says_that_it_is_being_serviced(bench: Bench) -> None:
    """F03: red while somebody is there, and as before when they are gone."""
    await bench.log_in(bench.card())
    assert (bench.health.state, bench.health.trouble) == (State.OUT_OF_SERVICE, Reason.STAFF_AT_WORK)
    bench.does(Cancel())
    await bench.over()
    assert bench.health.state is State.READY


def because(why: Denied) -> Callable[[StaffDenied], bool]:
    return lambda page: page.why is why


def with_tries(left: int) -> Callable[[StaffPin], bool]:
    return lambda page: page.tries_left == left


async def test_whoever_has_no_card_sees_a_prompt_and_then_nothing(bench: Bench) -> None:
    """C16."""
    bench.come()
    await bench.sees(StaffCard)
    bench.does(TypedPin(PIN), Pick("look"), Agree())
    await bench.passes(PROMPT_S + 1)
    await bench.over()
    assert [type(page) for page in bench.screen.pages] == [StaffCard]
    assert bench.closed == ["no card came"]


async def test_a_reader_that_is_not_there_is_named(bench: Bench) -> None:
    bench.slot.lose()
    bench.come()
    assert (await bench.sees(StaffDenied)).why is Denied.READER_LOST
    bench.does(Done())
    await bench.over()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda bench, card: card.faults.turn_on("other-application"), Denied.NO_STAFF_CARD),
        (lambda bench, card: card.faults.turn_on("no-certificate"), Denied.NO_STAFF_CARD),
        (lambda bench, card: card.faults.turn_on("silence"), Denied.CARD_UNREADABLE),
        (lambda bench, card: setattr(card, "tries_left", 0), Denied.PIN_BLOCKED),
        (lambda bench, card: bench.crl.unlink(), Denied.LIST_MISSING),
    ],
    ids=["other card", "no certificate", "silent", "blocked", "no list"],
)
async def test_a_card_that_cannot_do_is_refused_before_its_pin(
    bench: Bench, spoil: Callable[[Bench, PivChip], None], why: Denied
) -> None:
    """C16: nobody is asked for a PIN in vain, and each refusal is in the log."""
    card = bench.card()
    spoil(bench, card)
    bench.slot.insert(card)
    bench.come()
    assert (await bench.sees(StaffDenied)).why is why
    assert not [page for page in bench.screen.pages if isinstance(page, StaffPin)]
    assert bench.outcomes == [why.value]


async def test_an_expired_and_a_revoked_card_are_refused(bench: Bench) -> None:
    """C16."""
    gone = bench.card()
    bench.ca.publish(bench.crl.parent, gone.certificate)
    for card, why in ((bench.card(lasts=timedelta(seconds=-1)), Denied.EXPIRED), (gone, Denied.REVOKED)):
        bench.slot.insert(card)
        bench.come()
        await bench.sees(StaffDenied, because(why))
        bench.does(Done())
        await bench.over()


@pytest.mark.parametrize("switch", ["copied", "replays"])
async def test_a_copied_certificate_is_no_card(bench: Bench, switch: str) -> None:
    """C16: with the right PIN, for whoever copies a card sets its PIN."""
    card = bench.card()
    card.faults.turn_on(switch)
    if switch == "replays":
        await bench.log_in(card)
        bench.does(Cancel())
        await bench.over()
    bench.slot.insert(card)
    bench.come()
    await bench.types(PIN)
    assert (await bench.sees(StaffDenied)).why is Denied.NOT_PROVEN
    assert bench.outcomes[-1] == "not-proven"


def test_nothing_but_a_login_makes_a_technician() -> None:
    """C16: password-only is impossible: there is no place for one."""
    with pytest.raises(TypeError, match="only a login"):
        Technician(cast("object", None), mint=object())  # type: ignore[arg-type]


# --- the PIN ---------------------------------------------------------------------------------------------------------


async def test_the_card_says_how_many_tries_are_left_and_locks_itself(bench: Bench) -> None:
    """C16: the last one is spent only after the page has said that it is the last."""
    card = bench.card()
    bench.slot.insert(card)
    bench.come()
    for left in (3, 2, 1):
        await bench.sees(StaffPin, with_tries(left))
        bench.does(TypedPin("000000"))
    assert (await bench.sees(StaffDenied)).why is Denied.PIN_BLOCKED
    assert bench.outcomes == ["wrong-pin", "wrong-pin", "pin-blocked"]
    assert card.tries_left == 0


async def test_a_second_tap_is_no_second_try(bench: Bench) -> None:
    """C16: whoever taps twice does not lose two of the card's tries; whoever leaves meanwhile has left."""
    bench.slot.insert(bench.card())
    bench.come()
    await bench.sees(StaffPin)
    bench.does(TypedPin("000000"), TypedPin("000000"), TypedPin("000000"))
    await bench.sees(StaffPin, lambda page: page.wrong)
    await bench.types(PIN)
    await bench.sees(StaffMenu)
    assert bench.outcomes == ["wrong-pin", "in"]


async def test_five_wrong_ones_cost_fifteen_seconds_and_then_twice_as_much(bench: Bench) -> None:
    """C16: counted down on the page."""
    bench.slot.insert(bench.card(tries=15))
    bench.come()
    for number in range(1, FREE + 1):
        await bench.types("000000")
        await bench.sees(StaffPin, lambda page, left=15 - number: page.tries_left == left)  # type: ignore[misc]
    await bench.sees(StaffPin, lambda page: page.wait_s == 15)
    bench.does(TypedPin(PIN))
    await bench.passes(5)
    await bench.sees(StaffPin, lambda page: page.wait_s == 10)
    assert bench.outcomes.count("in") == 0, "what was typed meanwhile does not count"
    await bench.passes(11)
    await bench.types("000000")
    await bench.sees(StaffPin, lambda page: page.wait_s == 30)
    await bench.passes(31)
    await bench.types(PIN)
    await bench.sees(StaffMenu)
    assert bench.back_off.wrong == 0


async def test_neither_another_card_nor_another_desk_begins_to_count_anew(bench: Bench, tmp_path: Path) -> None:
    """C16: five wrong ones on whatever cards, also over a restart."""
    for number in range(FREE):
        if number % 2 == 0:
            bench.slot.insert(bench.card())
            bench.come()
        await bench.types("000000")
        if number % 2:
            await bench.sees(StaffPin, lambda page: page.tries_left == 1)
            bench.slot.remove()
            await bench.over()
        else:
            await bench.sees(StaffPin, lambda page: page.tries_left == 2)
    assert BackOff(tmp_path / "tries.json", bench.clock).wait_s == 15


async def test_what_is_no_pin_never_reaches_the_card(bench: Bench) -> None:
    card = bench.card()
    bench.slot.insert(card)
    bench.come()
    await bench.types("12")
    await bench.types("abcdef")
    await bench.types(PIN)
    await bench.sees(StaffMenu)
    assert bench.outcomes == ["in"]


async def test_the_log_names_a_certificate_and_nobody(bench: Bench) -> None:
    """E07, E12: and no PIN."""
    card = bench.card()
    await bench.log_in(card)
    bench.does(Pick("look"))
    await bench.sees(StaffRun, lambda page: page.over)
    serial = f"{card.certificate.serial_number:#x}"
    assert bench.records("maintenance.login")[-1]["serial"] == serial
    assert bench.records("maintenance.began")[-1]["by"] == f"certificate {serial}"
    assert PIN not in "".join(file.read_text() for file in bench.folder.glob("audit-*"))


# --- the menu --------------------------------------------------------------------------------------------------------


async def test_lines_arrive_and_stay_until_they_are_read(bench: Bench) -> None:
    await bench.log_in(bench.card())
    bench.does(Pick("look"))
    page = await bench.sees(StaffRun, lambda page: page.over)
    assert [line.says.en for line in page.lines] == ["well", "not well"]
    bench.does(Back())
    await bench.sees(StaffMenu)


async def test_a_change_is_asked_about_with_what_was_chosen(bench: Bench) -> None:
    await bench.log_in(bench.card())
    bench.does(Pick("change"))
    assert len((await bench.sees(StaffChoose)).choices) == 2
    bench.does(Pick("b"))
    assert (await bench.sees(StaffConfirm)).choice == named("B")
    bench.does(Back())
    await bench.sees(StaffMenu)
    assert bench.work.done == []
    bench.does(Pick("change"))
    await bench.sees(StaffChoose)
    bench.does(Pick("no such choice"))
    await bench.sees(StaffMenu)
    bench.does(Pick("change"))
    await bench.sees(StaffChoose)
    bench.does(Pick("b"))
    await bench.sees(StaffConfirm)
    bench.does(Agree())
    await bench.sees(StaffRun, lambda page: page.over)
    assert bench.work.done == ["lookb"]


async def test_an_entry_can_be_left_in_the_middle(bench: Bench) -> None:
    await bench.log_in(bench.card())
    bench.does(Pick("slow"))
    await bench.sees(StaffRun, lambda page: len(page.lines) == 1)
    bench.does(Back())
    await bench.sees(StaffMenu)
    assert bench.work.done == ["slow was left"]


# --- what closes it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [StaffPin, StaffMenu, StaffRun, StaffConfirm])
async def test_card_out_is_menu_closed_at_once(bench: Bench, at: type[Page]) -> None:
    """C16: wherever, and an entry that runs is left first."""
    bench.slot.insert(bench.card())
    bench.come()
    await bench.sees(StaffPin)
    if at is not StaffPin:
        bench.does(TypedPin(PIN))
        await bench.sees(StaffMenu)
    if at is StaffRun:
        bench.does(Pick("slow"))
        await bench.sees(StaffRun, lambda page: len(page.lines) == 1)
    if at is StaffConfirm:
        bench.does(Pick("change"))
        await bench.sees(StaffChoose)
        bench.does(Pick("a"))
        await bench.sees(StaffConfirm)
    bench.slot.remove()
    assert (await bench.sees(Home)).trouble is Reason.STAFF_AT_WORK
    await bench.over()
    assert bench.closed == ["card out"]
    assert bench.work.done == (["slow was left"] if at is StaffRun else [])


async def test_nobody_at_the_screen_locks_it(bench: Bench) -> None:
    """C16: after a countdown that a touch ends."""
    await bench.log_in(bench.card())
    await bench.passes(IDLE_S + 5)
    assert bench.screen.countdown is not None
    bench.does(Pick("look"))
    await bench.sees(StaffRun, lambda page: page.over)
    await bench.passes(IDLE_S + COUNTDOWN_S + 2)
    await bench.over()
    assert bench.closed == ["idle"]


async def test_an_entry_at_work_is_not_idle_but_a_live_picture_is(bench: Bench) -> None:
    """C16."""
    await bench.log_in(bench.card())
    bench.does(Pick("slow"))
    await bench.sees(StaffRun, lambda page: len(page.lines) == 1)
    await bench.passes(10 * IDLE_S)
    bench.work.go_on.set()
    await bench.sees(StaffRun, lambda page: page.over)
    bench.does(Back())
    await bench.sees(StaffMenu)
    bench.does(Pick("live"))
    await bench.sees(StaffRun, lambda page: page.live is not None)
    await bench.passes(IDLE_S + 1)
    await bench.over()
    assert bench.closed == ["idle"]


async def test_a_log_that_is_full_lets_nobody_in(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """C19: what cannot be written down does not happen."""

    def full(*_: object) -> None:
        raise Refused(Reason.AUDIT_FULL)

    bench.slot.insert(bench.card())
    bench.come()
    await bench.sees(StaffPin)
    monkeypatch.setattr(AuditLog, "_write", full)
    bench.does(TypedPin(PIN))
    assert (await bench.sees(StaffDenied)).why is Denied.NO_RECORD


async def test_a_key_in_the_housing_opens_and_closes_it(tmp_path: Path) -> None:
    """C16: each turn once."""
    key = HandSwitch()
    bench = open_bench(tmp_path, key)
    assert not bench.way_in.by_gesture
    for _ in range(2):
        waiting = asyncio.ensure_future(bench.way_in.wait_key())
        await bench.passes(2)
        assert not waiting.done()
        await key.turn(True)
        await asyncio.wait_for(waiting, PATIENCE_S)
        await bench.log_in(bench.card())
        await key.turn(False)
        await bench.over()
        assert bench.closed[-1] == "key turned back"


async def test_a_key_left_turned_calls_nobody_twice(tmp_path: Path) -> None:
    key = HandSwitch()
    await key.turn(True)
    bench = open_bench(tmp_path, key)
    await asyncio.wait_for(bench.way_in.wait_key(), PATIENCE_S)
    bench.come()
    await bench.sees(StaffCard)
    bench.does(Cancel())
    await bench.over()
    waiting = asyncio.ensure_future(bench.way_in.wait_key())
    await bench.passes(5)
    assert not waiting.done()
    await key.turn(False)
    await bench.passes(1)
    await key.turn(True)
    await asyncio.wait_for(waiting, PATIENCE_S)
