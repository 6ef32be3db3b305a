"""Passports and residence permits in the journey: opened by what is printed on them, read on the emulated chip over
pcscd, and served as far as the platform says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from playing import KIND, Scene, lay_card, play, refused_for, take_card, tap
from theatre import Stage

from hardware.cards.emrtd.document import Policy
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.pcscd import PrivatePcscd
from hardware.cards.emulator.specimens import Issued, Specimen, make
from hardware.cards.pcsc.reader import PcscReader
from hardware.cards.reading import Kind
from hardware.cards.synthetic import foreigners_and_others
from kiosk.audit.chain import records
from kiosk.opening import TRIES
from kiosk.pages import (
    Action,
    ChooseCertificate,
    FaceCheck,
    Home,
    OpenDocument,
    OtherWay,
    Pick,
    Preview,
    ReadingCard,
    Refusal,
    StillHere,
    TypedCan,
    TypedMrz,
    Waiting,
    Way,
)
from kiosk.ports.reader import CardPort
from kiosk.reasons import Reason

pytestmark = pytest.mark.timeout(60)

PORTRAIT = b"\xff\xd8\xff a face \xff\xd9"
TODAY = datetime.now(UTC).date()


@dataclass
class Passport:
    """A passport of Utopia, and the terminal whose reader is PC/SC."""

    stage: Stage
    service: PrivatePcscd
    reader: PcscReader
    issued: Issued
    faults: ChipFaults

    def lay(self, _: Stage) -> None:
        self.service.reader.insert(EmrtdChip(self.issued.document, self.faults))

    def lift(self, _: Stage) -> None:
        self.service.reader.remove()

    @property
    def mrz(self) -> TypedMrz:
        """As its holder reads it."""
        access = self.issued.document.access
        return TypedMrz(access.document_number, f"19{access.birth}", f"20{access.expiry}")

    @property
    def can(self) -> TypedCan:
        return TypedCan(self.issued.document.can)


@pytest.fixture
async def passport(stage: Stage, private_pcscd: PrivatePcscd) -> AsyncIterator[Passport]:
    private_pcscd.plug()
    private_pcscd.start()
    issued = make(Specimen.PASSPORT, PORTRAIT, TODAY)
    reader = PcscReader("", policy=Policy(), trust=TrustAnchors([issued.anchor]), today=lambda: TODAY)
    await reader.open()
    stage.desk = replace(stage.desk, reader=CardPort(reader, travel_documents=True))
    yield Passport(stage, private_pcscd, reader, issued, ChipFaults())
    private_pcscd.reader.remove()
    await reader.wait_absent()
    await reader.close()
    private_pcscd.stop()


def on_page(page: OpenDocument, action: Action) -> Callable[[Stage], Awaitable[None]]:
    async def happen(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: pages[-1] == page)
        stage.screen.tap(action)

    return happen


def other_way_then(action: Action) -> Callable[[Stage], Awaitable[None]]:
    async def happen(stage: Stage) -> None:
        stage.screen.tap(OtherWay())
        await on_page(OpenDocument(Way.CAN), action)(stage)

    return happen


async def test_a_passport_opens_by_what_its_holder_types(passport: Passport) -> None:
    """E01: what was typed opens the chip; the platform hears the number that the state signed, and decides."""
    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, on_page(OpenDocument(Way.MRZ), passport.mrz)),
        (ReadingCard, None),
        (FaceCheck, None),
        (Waiting, None),
        (Refusal, refused_for(Reason.NOTHING_TO_ISSUE)),
    ]
    stage = passport.stage
    await play(stage, scenes)
    home = stage.screen.pages[0]
    assert isinstance(home, Home) and home.documents
    assert [call.operation for call in stage.identified_calls] == ["kinds-for"]
    assert stage.booth.seen == ["jpeg"]
    assert passport.issued.document.access.document_number not in str([record.body for record in records(stage.audit)])


async def test_a_wrong_can_may_be_typed_again(passport: Passport) -> None:
    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, other_way_then(TypedCan("000000"))),
        (ReadingCard, None),
        (OpenDocument, on_page(OpenDocument(Way.CAN, TRIES - 1), passport.can)),
        (ReadingCard, None),
        (FaceCheck, None),
    ]
    await play(passport.stage, scenes)


async def test_after_three_wrong_ones_it_ends_and_the_platform_has_heard_nothing(passport: Passport) -> None:
    wrong = replace_number(passport.mrz)
    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, tap(wrong)),
        (ReadingCard, None),
        (OpenDocument, on_page(OpenDocument(Way.MRZ, 2), wrong)),
        (ReadingCard, None),
        (OpenDocument, on_page(OpenDocument(Way.MRZ, 1), wrong)),
        (ReadingCard, None),
        (Refusal, refused_for(Reason.CARD_DOES_NOT_OPEN)),
    ]
    stage = passport.stage
    await play(stage, scenes)
    assert stage.identified_calls == []
    assert [record.body["event"] for record in records(stage.audit)].count("card.not-opened") == TRIES


async def test_what_cannot_be_right_is_asked_again_and_costs_no_try(passport: Passport) -> None:
    async def type_nonsense_then_right(stage: Stage) -> None:
        for nonsense in (TypedMrz("L898902C3", "19740230", "20301231"), TypedCan("12345")):
            stage.screen.tap(nonsense)
            await settle()
        await on_page(OpenDocument(Way.MRZ), passport.mrz)(stage)

    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, type_nonsense_then_right),
        (ReadingCard, None),
        (FaceCheck, None),
    ]
    await play(passport.stage, scenes)


async def test_a_passport_that_is_lifted_while_its_holder_types(passport: Passport) -> None:
    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, passport.lift),
        (Refusal, refused_for(Reason.CARD_REMOVED)),
    ]
    await play(passport.stage, scenes)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("tampered-data", Reason.CARD_NOT_AUTHENTIC),
        ("tampered-face", Reason.CARD_NOT_AUTHENTIC),
        ("cloned", Reason.CARD_NOT_AUTHENTIC),
        ("corrupt-frame", Reason.CARD_UNREADABLE),
        ("huge-lengths", Reason.CARD_UNREADABLE),
        ("pulled", Reason.CARD_REMOVED),
    ],
)
async def test_a_bad_chip_ends_with_its_reason_and_nobody_is_asked_about(
    passport: Passport, fault: str, reason: Reason
) -> None:
    passport.faults.turn_on(fault)
    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, tap(passport.mrz)),
        (ReadingCard, None),
        (Refusal, refused_for(reason)),
    ]
    await play(passport.stage, scenes)
    assert passport.stage.identified_calls == []


async def test_keys_count_as_somebody_and_silence_ends_it(passport: Passport) -> None:
    async def type_slowly_then_leave(stage: Stage) -> None:
        for _ in range(3):
            await stage.clock.pass_by(40)
            stage.screen.tap(StillHere())
            await settle()
        assert isinstance(stage.screen.pages[-1], OpenDocument)
        await stage.clock.pass_by(stage.desk.timing.idle_s + stage.desk.timing.countdown_s + 1)

    scenes: list[Scene] = [
        (Home, passport.lay),
        (OpenDocument, type_slowly_then_leave),
        (Refusal, refused_for(Reason.IDLE)),
    ]
    await play(passport.stage, scenes)


def of_kind(kind: Kind) -> Callable[[Stage], None]:
    def lay(stage: Stage) -> None:
        everybody = foreigners_and_others(stage.card.portrait)
        stage.card = next(card for card in everybody if card.kind is kind)
        lay_card(stage)

    return lay


async def test_a_residence_permit_gets_what_the_platform_offers_its_holder(stage: Stage) -> None:
    """Hong Kong, Macau and Taiwan residents: a number under GB 11643, but no entry in the household register."""

    def choose(stage: Stage) -> None:
        page = stage.screen.pages[-1]
        assert isinstance(page, ChooseCertificate)
        offered = {kind.code for kind in page.kinds}
        assert KIND in offered
        assert "household" not in offered
        stage.screen.tap(Pick(KIND))

    scenes: list[Scene] = [
        (Home, of_kind(Kind.HMT_RESIDENCE)),
        (ReadingCard, None),
        (FaceCheck, None),
        (Waiting, None),
        (ChooseCertificate, choose),
        (Waiting, None),
        (Preview, take_card),
        (Refusal, refused_for(Reason.CARD_REMOVED)),
    ]
    await play(stage, scenes)


async def test_a_permanent_residence_card_of_2017_is_read_and_the_platform_offers_nothing_yet(stage: Stage) -> None:
    scenes: list[Scene] = [
        (Home, of_kind(Kind.FOREIGN_2017)),
        (ReadingCard, None),
        (FaceCheck, None),
        (Waiting, None),
        (Refusal, refused_for(Reason.NOTHING_TO_ISSUE)),
    ]
    await play(stage, scenes)
    assert [call.operation for call in stage.identified_calls] == ["kinds-for"]


def replace_number(typed: TypedMrz) -> TypedMrz:
    """Somebody else's."""
    return TypedMrz("X00000000", typed.birth, typed.expiry)


async def settle() -> None:
    """Time for what a tap causes."""
    for _ in range(20):
        await asyncio.sleep(0)
