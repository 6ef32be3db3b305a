"""C16: a technician comes in between two citizens and at no other time, and nobody is served meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from maintenance.staff_cards import Slot
from playing import lay_card, play, take_card, tap
from theatre import Stage

from hardware.cards.emulator.technicians import PIN, TechnicianCa
from hardware.key_switches.emulator import HandSwitch
from kiosk.audit.chain import records
from kiosk.health.findings import State
from kiosk.journeys.attract import attract
from kiosk.maintenance.back_off import BackOff
from kiosk.maintenance.credential import PURPOSES, TechnicianTrust
from kiosk.maintenance.key_switch import KeySwitch
from kiosk.maintenance.login import Login
from kiosk.maintenance.pages import CallStaff, StaffCard, StaffMenu, StaffPin, TypedPin
from kiosk.maintenance.way_in import WayIn
from kiosk.pages import Cancel, Done, FaceCheck, Home, Pick, ReadingCard, Refusal
from kiosk.reasons import Reason


@dataclass
class Back:
    """The way in of the stage's desk."""

    slot: Slot
    ca: TechnicianCa

    def insert(self, stage: Stage) -> None:
        self.slot.insert(self.ca.card(*list(PURPOSES)[:1]))

    def take_out(self, stage: Stage) -> None:
        self.slot.remove()


def open_back(stage: Stage, folder: Path, key: HandSwitch | None = None) -> Back:
    """Gives the stage's desk a way in."""
    ca, slot, desk = TechnicianCa(), Slot(), stage.desk
    _, crl = ca.publish(folder)
    trust = TechnicianTrust([ca.certificate], [crl])
    login = Login(slot, trust, BackOff(folder / "tries.json", stage.clock), stage.clock, desk.audit)
    switch = KeySwitch(key) if key else None
    way_in = WayIn(
        login,
        desk.menu,
        desk.screen,
        stage.clock,
        desk.audit,
        desk.health,
        key=switch,
        idle_s=120,
        countdown_s=20,
    )
    stage.desk = replace(desk, way_in=way_in)
    return Back(slot, ca)


@pytest.fixture
async def back(stage: Stage, tmp_path: Path) -> AsyncIterator[Back]:
    yield open_back(stage, tmp_path)


async def ready(stage: Stage) -> None:
    await stage.screen.seen(lambda pages: bool(pages) and isinstance(pages[-1], Home) and bool(pages[-1].kinds))


async def call(stage: Stage) -> None:
    await ready(stage)
    stage.screen.tap(CallStaff())


def events(stage: Stage) -> list[object]:
    return [record.body["event"] for record in records(stage.audit)]


async def test_what_waits_on_the_home_page_has_let_go_before_the_journey_begins(stage: Stage) -> None:
    """A02: card reader and printer are not asked by two at once."""
    let_go: list[str] = []

    class Reader:
        present = False

        async def wait_absent(self) -> None:
            pass

        async def wait_present(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                let_go.append("reader")

        def __getattr__(self, name: str) -> object:
            return getattr(stage.desk.reader, name)

    lobby = replace(stage.desk, reader=Reader()).lobby()
    async with asyncio.timeout(20):
        welcoming = asyncio.ensure_future(lobby.welcome())
        await ready(stage)
        home = stage.screen.pages[-1]
        assert isinstance(home, Home)
        stage.screen.tap(Pick(home.kinds[0].code))
        assert await welcoming == home.kinds[0]
    assert let_go == ["reader"]


async def test_from_the_home_page_and_back_to_it(stage: Stage, back: Back) -> None:
    """C16, F03: prompt, PIN, menu; the card leaves, and the home page is there as before."""

    def lay_a_citizens_card(stage: Stage) -> None:
        assert stage.desk.health.state is State.OUT_OF_SERVICE
        stage.reader.insert(stage.card)
        back.take_out(stage)

    async def as_before(stage: Stage) -> None:
        await ready(stage)
        assert stage.desk.health.trouble is None

    await play(
        stage,
        [
            (Home, call),
            (StaffCard, back.insert),
            (StaffPin, tap(TypedPin(PIN))),
            (StaffMenu, lay_a_citizens_card),
            (Home, as_before),
        ],
    )
    assert "session.began" not in events(stage), "a card that was laid meanwhile begins nothing"
    assert stage.identified_calls == []


async def test_never_while_a_citizen_is_served(stage: Stage, back: Back) -> None:
    """C16: neither the gesture nor a card in the technicians' reader is anything then."""

    def try_to_come_in(stage: Stage) -> None:
        back.insert(stage)
        stage.screen.tap(CallStaff())
        stage.screen.tap(Cancel())

    stage.booth.go_on.clear()
    await play(
        stage,
        [(Home, lay_card), (ReadingCard, None), (FaceCheck, try_to_come_in), (Refusal, tap(Done())), (Home, None)],
    )
    assert "maintenance.called" not in events(stage)


async def test_not_over_a_card_that_somebody_left(stage: Stage, back: Back) -> None:
    """C16: whose card lies there may want to go on."""
    lay_card(stage)
    await stage.desk.reader.wait_present()

    async def call_over_the_card(stage: Stage) -> None:
        await ready(stage)
        stage.screen.tap(CallStaff())
        take_card(stage)
        await stage.desk.reader.wait_absent()
        stage.screen.tap(CallStaff())

    await play(stage, [(Home, call_over_the_card), (StaffCard, tap(Cancel())), (Home, None)])
    assert events(stage).count("maintenance.called") == 1


async def test_a_terminal_without_a_way_in_has_none(stage: Stage) -> None:
    async def call_and_stop(stage: Stage) -> None:
        await call(stage)
        await ready(stage)
        lay_card(stage)

    await play(stage, [(Home, call_and_stop), (ReadingCard, None)])


async def test_a_key_switch_takes_the_place_of_the_gesture(stage: Stage, tmp_path: Path) -> None:
    """C16: and waits until the citizen is gone."""
    key = HandSwitch()
    open_back(stage, tmp_path, key)

    async def turn(stage: Stage) -> None:
        await call(stage)
        await key.turn(True)

    await play(stage, [(Home, turn), (StaffCard, tap(Cancel())), (Home, None)], attract(stage.desk))
    assert stage.desk.health.trouble is not Reason.STAFF_AT_WORK
