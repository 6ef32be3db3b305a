"""The card commands against the emulated chip, without a reader between them."""

import gzip
import secrets

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hardware.cards.emrtd import tlv
from hardware.cards.emulator.piv_chip import Key, PivChip
from hardware.cards.emulator.technicians import PIN, TechnicianCa
from hardware.cards.piv.card import APPLICATION, CHALLENGE_BYTES, Pin, is_answer, look, prove, tries_left
from hardware.cards.piv.faults import PivError, PivFault

CA = TechnicianCa()
ROLE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
KEYS = pytest.mark.parametrize("key", [RSA, P256], ids=["rsa-2048", "ec-p256"])
RIGHT, WRONG = Pin(PIN), Pin("111111")


def challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def fault_of(card: PivChip, pin: Pin = RIGHT, told: int | None = 3) -> PivFault:
    with pytest.raises(PivError) as refused:
        prove(card, pin, told, challenge())
    return refused.value.fault


@KEYS
def test_the_right_card_with_the_right_pin_answers(key: Key) -> None:
    """C16."""
    card, asked = CA.card(ROLE, key=key), challenge()
    holder = look(card)
    assert holder.tries_left == 3
    assert is_answer(holder.certificate, asked, prove(card, RIGHT, 3, asked))


@KEYS
@pytest.mark.parametrize("switch", ["copied", "replays"])
def test_a_copied_certificate_answers_nothing(key: Key, switch: str) -> None:
    """C16: neither without its key nor with what the key once said."""
    card = CA.card(ROLE, key=key)
    if switch == "replays":
        card.faults.turn_on(switch)
        prove(card, RIGHT, 3, challenge())
    card.faults.turn_on(switch)
    asked = challenge()
    assert not is_answer(look(card).certificate, asked, prove(card, RIGHT, 3, asked))


def test_wrong_pins_are_counted_by_the_card_until_it_locks() -> None:
    """C16: the card's own lock, which a right PIN later does not open."""
    card = CA.card(ROLE)
    for told, fault in ((3, PivFault.PIN_WRONG), (2, PivFault.PIN_WRONG), (1, PivFault.PIN_BLOCKED)):
        assert look(card).tries_left == told
        assert fault_of(card, WRONG, told) is fault
    assert look(card).tries_left == 0
    assert fault_of(card, RIGHT, 0) is PivFault.PIN_BLOCKED


def test_a_right_pin_gives_the_tries_back() -> None:
    card = CA.card(ROLE)
    fault_of(card, WRONG)
    prove(card, RIGHT, 2, challenge())
    card.reset()
    card.transmit(bytes.fromhex("00A404000B") + APPLICATION)
    assert tries_left(card) == 3


def test_a_last_try_that_nobody_was_told_of_is_not_spent() -> None:
    """C16."""
    card = CA.card(ROLE)
    card.tries_left = 1
    assert fault_of(card, RIGHT, 3) is PivFault.TRIES_CHANGED
    assert card.tries_left == 1


@pytest.mark.parametrize(
    ("switch", "fault"),
    [
        ("other-application", PivFault.NOT_PIV),
        ("no-certificate", PivFault.NO_CERTIFICATE),
        ("silence", PivFault.GONE),
    ],
)
def test_what_is_no_staff_card_is_named(switch: str, fault: PivFault) -> None:
    """C16."""
    card = CA.card(ROLE)
    card.faults.turn_on(switch)
    with pytest.raises(PivError) as refused:
        look(card)
    assert refused.value.fault is fault


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP384R1())])
def test_a_key_that_is_not_in_use_here_is_named(key: Key) -> None:
    """SP 800-78-4 has others; a login asks for these two."""
    assert fault_of(CA.card(ROLE, key=key)) is PivFault.KEY_UNSUPPORTED


def test_pulled_out_anywhere_it_is_gone() -> None:
    """C16: after any number of commands."""
    for commands in range(5):
        card = CA.card(ROLE)
        card.faults.pulled_after = commands
        assert fault_of(card) is PivFault.GONE


@pytest.mark.parametrize("digits", ["", "12345", "123456789", "12345a", "١٢٣٤٥٦", "123 56"])
def test_a_pin_has_six_to_eight_digits(digits: str) -> None:
    """SP 800-73-4, part 2, 2.4.3."""
    with pytest.raises(ValueError, match="PIN"):
        Pin(digits)


def test_a_pin_is_filled_up_and_never_shown() -> None:
    assert Pin("1234567").block == b"1234567\xff"
    assert "1234567" not in repr(Pin("1234567"))


class Promises:
    """A card that always has more to come, and never gives any of it."""

    def __init__(self, card: PivChip) -> None:
        self._card = card
        self._asked = 0

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] not in (0xCB, 0xC0):
            return self._card.transmit(command)
        self._asked += 1
        assert self._asked < 10, "asked for ever"
        return b"\x61\x10"


def test_a_card_that_only_promises_does_not_hold_the_reader_for_ever() -> None:
    """E05: whoever waits for it has a time-out, but the thread that asks it has none."""
    with pytest.raises(PivError) as refused:
        look(Promises(CA.card(ROLE)))
    assert refused.value.fault is PivFault.PROTOCOL


class Answers:
    """A card that answers GET DATA with the given object and everything else with nothing but 9000."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] == 0x20:
            return b"\x63\xc3"
        if command[1] not in (0xCB, 0xC0):
            return b"\x90\x00"
        piece, self._rest = self._rest[:256], self._rest[256:]
        return piece + (b"\x61" + bytes([min(len(self._rest), 256) % 256]) if self._rest else b"\x90\x00")


def test_a_certificate_may_be_compressed() -> None:
    """SP 800-73-4, part 1, appendix A, table 10: CertInfo."""
    certificate = CA.certify(RSA, [ROLE])
    packed = gzip.compress(certificate.public_bytes(Encoding.DER))
    data = tlv.encode(0x53, tlv.encode(0x70, packed) + tlv.encode(0x71, b"\x01") + tlv.encode(0xFE, b""))
    assert look(Answers(data)).certificate == certificate


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x53\x00",
        tlv.encode(0x53, tlv.encode(0x71, b"\x00")),
        tlv.encode(0x53, tlv.encode(0x70, b"no certificate")),
        tlv.encode(0x53, tlv.encode(0x70, gzip.compress(bytes(10_000_000))[:15_000]) + tlv.encode(0x71, b"\x01")),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    """C16: also a small one that unpacks to ten megabytes."""
    with pytest.raises(PivError) as refused:
        look(Answers(data))
    assert refused.value.fault is PivFault.NO_CERTIFICATE


def test_an_answer_without_end_is_refused() -> None:
    """C16."""

    class Endless:
        def transmit(self, command: bytes, /) -> bytes:
            return bytes(256) + b"\x61\x00"

    with pytest.raises(PivError) as refused:
        look(Endless())
    assert refused.value.fault is PivFault.PROTOCOL
