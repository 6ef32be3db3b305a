"""Staff cards over the real stack: emulated card, vpcd, pcscd, libpcsclite, pyscard, and the reader on top."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from conformance.staff_card_reader import StaffCardReaderConformance, insert
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hardware.cards.emulator.pcscd import PrivatePcscd
from hardware.cards.emulator.piv_chip import ATR, Key, PivChip
from hardware.cards.emulator.technicians import PIN, TechnicianCa
from hardware.cards.piv.card import CHALLENGE_BYTES, Pin, is_answer
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.piv.reader import PivReader

pytestmark = pytest.mark.timeout(60)

CA = TechnicianCa()
ROLE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())


class Bench:
    """The emulated reader and the driver on it. To unplug it is to stop the service."""

    pin = Pin(PIN)

    def __init__(self, pcscd: PrivatePcscd, key: Key) -> None:
        self.pcscd = pcscd
        self.chip = CA.card(ROLE, key=key)
        self.reader = PivReader("")

    def insert(self) -> None:
        self.pcscd.reader.insert(self.chip, ATR)

    def remove(self) -> None:
        self.pcscd.reader.remove()

    def unplug(self) -> None:
        self.pcscd.stop()

    def plug(self) -> None:
        self.pcscd.start()


@pytest.fixture
def pcscd(private_pcscd: PrivatePcscd) -> Iterator[PrivatePcscd]:
    """It runs, its reader is plugged in and empty."""
    private_pcscd.plug()
    private_pcscd.start()
    yield private_pcscd
    private_pcscd.stop()


@pytest_asyncio.fixture
async def ec_bench(pcscd: PrivatePcscd) -> AsyncIterator[Bench]:
    made = Bench(pcscd, P256)
    await made.reader.open()
    yield made
    await made.reader.close()


class TestEllipticCurve(StaffCardReaderConformance):
    @pytest.fixture
    def bench(self, ec_bench: Bench) -> Bench:
        return ec_bench


async def test_an_rsa_card_proves_itself_too(pcscd: PrivatePcscd) -> None:
    """C16: what it is asked and what it answers are longer than one short APDU."""
    bench = Bench(pcscd, RSA)
    await bench.reader.open()
    await insert(bench)
    holder = await bench.reader.look()
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    assert is_answer(holder.certificate, challenge, await bench.reader.prove(bench.pin, 3, challenge))
    await bench.reader.close()


async def test_a_card_that_is_pulled_out_in_the_middle_is_gone(ec_bench: Bench) -> None:
    """C16: between the PIN and the signature, as at any other moment."""
    await insert(ec_bench)
    await ec_bench.reader.look()
    ec_bench.chip.faults.pulled_after = 3  # SELECT, how many tries, VERIFY
    with pytest.raises(PivError) as refused:
        await ec_bench.reader.prove(ec_bench.pin, 3, secrets.token_bytes(CHALLENGE_BYTES))
    assert refused.value.fault is PivFault.GONE


async def test_another_smart_card_is_named(pcscd: PrivatePcscd) -> None:
    """C16."""
    bench = Bench(pcscd, P256)
    bench.chip.faults.turn_on("other-application")
    await bench.reader.open()
    await insert(bench)
    with pytest.raises(PivError) as refused:
        await bench.reader.look()
    assert refused.value.fault is PivFault.NOT_PIV
    await bench.reader.close()


def test_the_chip_is_what_the_reader_takes() -> None:
    assert isinstance(CA.card(ROLE), PivChip)
