"""Travel documents over the real stack: emulated chip, vpcd, pcscd, libpcsclite, pyscard, and the reader on top."""

import asyncio
import io
import threading
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import pytest
import pytest_asyncio
from conformance.identity_reader import IdentityReaderConformance, outcome
from PIL import Image

from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import by_parameter_id
from hardware.cards.emrtd.document import Policy
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.pcscd import READER_NAME, PrivatePcscd
from hardware.cards.emulator.utopia import Document, State, Traveller, issue
from hardware.cards.pcsc.reader import PcscReader, name_in
from hardware.cards.port import Access, Can, CardError, CardFault, Mrz, ReaderState
from hardware.cards.reading import CardReading, Kind

TODAY = date(2026, 6, 1)
STATE = State(TODAY)
OTHER = Traveller("X7654321", "SAMPLE", "BODO", "850102", "M", "310203", "", "Sample, Bodo", "19850102", "2 Far Road")
BOTH = (Traveller(), OTHER)

pytestmark = pytest.mark.timeout(60)


def picture(size: tuple[int, int] = (240, 320)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(file, "JPEG", quality=80)
    return file.getvalue()


PORTRAIT = picture()


def passport(traveller: Traveller = BOTH[0], **how: object) -> Document:
    curve = by_parameter_id(12)
    assert curve is not None
    return issue(STATE, traveller, PORTRAIT, agreement=(Suite.AES128, curve), **how)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Passport:
    """A document as the conformance suite knows a card."""

    traveller: Traveller
    document: Document

    @property
    def name(self) -> str:
        return self.traveller.name

    @property
    def address(self) -> str:
        return self.traveller.address

    @property
    def number(self) -> str:
        return self.traveller.document_number


class Bench:
    """The emulated reader and the driver on it. To unplug it is to stop the service."""

    cards = tuple(Passport(traveller, passport(traveller)) for traveller in BOTH)

    def __init__(self, pcscd: PrivatePcscd, policy: Policy, read_s: float = 30) -> None:
        self.pcscd = pcscd
        trust = TrustAnchors([STATE.certificate])
        self.reader = PcscReader("", policy=policy, trust=trust, today=lambda: TODAY, read_s=read_s)
        self._chip: EmrtdChip | None = None

    def insert(self, card: Passport) -> None:
        self.put(card.document)

    def put(self, document: Document, faults: ChipFaults | None = None) -> None:
        self._chip = EmrtdChip(document, faults)
        self.pcscd.reader.insert(self._chip)

    def remove(self) -> None:
        self._chip = None
        self.pcscd.reader.remove()

    async def end(self) -> None:
        """Leaves an empty reader: the service must not tell the next driver of a card that is being taken away."""
        self.remove()
        await self.reader.wait_absent()
        await self.reader.close()

    def unplug(self) -> None:
        self.pcscd.stop()

    def plug(self) -> None:
        self.pcscd.start()
        if self._chip is not None:
            self.pcscd.reader.insert(self._chip)

    async def read(self, document: Document, access: Access, faults: ChipFaults | None = None) -> CardReading:
        """Lays it, after the one before was seen to be gone, and reads it."""
        self.remove()
        await self.reader.wait_absent()
        self.put(document, faults)
        await self.reader.wait_present()
        return await self.reader.read(access)

    async def fault(self, document: Document, access: Access, faults: ChipFaults | None = None) -> CardFault:
        """The fault that ends in; nothing personal may be in its traceback."""
        with pytest.raises(CardError) as raised:
            await self.read(document, access, faults)
        shown = "".join(traceback.format_exception(raised.value))
        assert not any(secret in shown for who in BOTH for secret in (who.surname, who.document_number, who.address))
        return raised.value.fault


@pytest_asyncio.fixture
async def bench(pcscd: PrivatePcscd) -> AsyncIterator[Bench]:
    bench = Bench(pcscd, Policy())
    await bench.reader.open()
    yield bench
    await bench.end()


class TestPcscReader(IdentityReaderConformance):
    """The suite every identity reader passes."""

    def access(self, card: Passport) -> Access:
        return card.document.access


async def test_every_field_is_in_the_reading(bench: Bench) -> None:
    """A07"""
    reading = await bench.read(passport(), Can("123456"))
    assert (reading.kind, reading.name, reading.latin_name) == (
        Kind.EMRTD,
        "Eriksson, Anna Maria",
        "ERIKSSON ANNA MARIA",
    )
    assert (reading.sex, reading.nationality, reading.birth) == ("女", "UTO", date(1974, 8, 12))
    assert (reading.issuer, reading.valid_from, reading.valid_until) == (
        "Utopian Office of Samples",
        date(2024, 4, 16),
        date(2034, 4, 15),
    )
    assert reading.portrait is not None
    assert (reading.portrait.data, reading.portrait.encoding) == (PORTRAIT, "jpeg")
    assert reading.reader_id.startswith(READER_NAME)
    assert reading.authenticity.level == "chip"
    assert reading.authenticity.checks == ("pace-can", "passive-authentication", "chip-authentication")


async def test_by_pace_with_the_mrz(bench: Bench) -> None:
    document = passport()
    assert (await bench.read(document, document.access)).authenticity.checks[0] == "pace-mrz"


async def test_by_bac_only_where_it_is_allowed(bench: Bench, pcscd: PrivatePcscd) -> None:
    legacy = passport(pace=())
    assert await bench.fault(legacy, legacy.access) is CardFault.KIND_UNSUPPORTED
    await bench.end()
    allowing = Bench(pcscd, Policy(bac_allowed=True))
    await allowing.reader.open()
    reading = await allowing.read(legacy, legacy.access)
    assert reading.authenticity.checks[0] == "bac"
    await allowing.end()


async def test_without_mrz_and_can_it_says_what_it_needs(bench: Bench) -> None:
    bench.put(passport())
    await bench.reader.wait_present()
    assert await outcome(bench.reader) is CardFault.ACCESS_NEEDED


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        pytest.param(ChipFaults(pulled_after=30), CardFault.REMOVED, id="pulled in the middle"),
        pytest.param(ChipFaults(tampered=FileId.DG1), CardFault.NOT_AUTHENTIC, id="another name"),
        pytest.param(ChipFaults(tampered=FileId.DG2), CardFault.NOT_AUTHENTIC, id="another face"),
        pytest.param(ChipFaults(cloned=True), CardFault.NOT_AUTHENTIC, id="a copy"),
        pytest.param(ChipFaults(wrong_macs=True), CardFault.PROTOCOL, id="wrong MACs"),
        pytest.param(ChipFaults(huge_file=FileId.DG2), CardFault.PROTOCOL, id="huge lengths"),
    ],
)
async def test_what_is_wrong_with_a_chip_has_a_name(bench: Bench, faults: ChipFaults, expected: CardFault) -> None:
    assert await bench.fault(passport(), Can("123456"), faults) is expected


async def test_a_silent_chip_is_not_waited_for_for_ever(bench: Bench, pcscd: PrivatePcscd) -> None:
    await bench.reader.close()
    hasty = Bench(pcscd, Policy(), read_s=0.5)
    await hasty.reader.open()
    assert await hasty.fault(passport(), Can("123456"), ChipFaults(silent=True)) is CardFault.UNREADABLE
    assert await outcome(hasty.reader, Can("123456")) is CardFault.UNREADABLE
    hasty.remove()
    await hasty.reader.wait_absent()
    hasty.put(passport())
    await hasty.reader.wait_present()
    await hasty.end()


async def test_a_chip_without_extended_length_is_read_in_short_pieces(bench: Bench) -> None:
    reading = await bench.read(passport(), Can("123456"), ChipFaults(no_extended_length=True))
    assert reading.number == BOTH[0].document_number


@pytest.mark.parametrize("access", [Can("654321"), Mrz("L898902C3", "740812", "340416")], ids=["CAN", "MRZ"])
async def test_the_wrong_key_does_not_open(bench: Bench, access: Access) -> None:
    assert await bench.fault(passport(), access) is CardFault.ACCESS_REFUSED


async def test_a_stranger_state_is_not_believed(bench: Bench) -> None:
    stranger = issue(State(TODAY, name="Nowhere"), BOTH[0], PORTRAIT)
    assert await bench.fault(stranger, Can("123456")) is CardFault.NOT_AUTHENTIC


async def test_an_expired_document(bench: Bench) -> None:
    expired = Traveller(expiry="260531")
    assert await bench.fault(passport(expired), Can("123456")) is CardFault.EXPIRED


async def test_a_service_that_stops_in_the_middle_is_a_lost_reader_and_comes_back(bench: Bench) -> None:
    chip = _StopsTheService(bench.pcscd, passport())
    bench.pcscd.reader.insert(chip)
    await bench.reader.wait_present()
    assert await outcome(bench.reader, Can("123456")) in (CardFault.READER_LOST, CardFault.REMOVED)
    await bench.reader.wait_state(ReaderState.LOST)
    assert await asyncio.to_thread(chip.stopped.wait, 5)
    bench.pcscd.start()
    await bench.reader.wait_state(ReaderState.READY)
    assert (await bench.read(passport(), Can("123456"))).number == BOTH[0].document_number


class _StopsTheService(EmrtdChip):
    """After some commands pcscd is ended, as a technician's restart would."""

    def __init__(self, pcscd: PrivatePcscd, document: Document) -> None:
        super().__init__(document)
        self._pcscd = pcscd
        self._left = 20
        self.stopped = threading.Event()

    def transmit(self, command: bytes, /) -> bytes:
        self._left -= 1
        if self._left == 0:
            self._pcscd.stop()
            self.stopped.set()
        return super().transmit(command)


def test_names_in_uris() -> None:
    assert name_in("pcsc://") == ""
    assert name_in("pcsc://Virtual%20PCD%2000") == "Virtual PCD 00"
    assert name_in("pcsc://ACS/ACR1252") == "ACS/ACR1252"
    for wrong in ("pcsc://x?slot=1", "sdt:///dev/ttyUSB0"):
        with pytest.raises(ValueError, match="pcsc://"):
            name_in(wrong)
