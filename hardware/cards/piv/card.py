"""The card commands of a login (NIST SP 800-73-4, part 2, chapter 3), on any carrier of APDUs.

`look` needs no PIN: SELECT (3.1.1), VERIFY without data (3.2.1: how many tries are left), GET DATA (3.1.2: the X.509
certificate for PIV authentication, part 1, 3.1.3). `prove` sends the PIN (VERIFY, 3.2.1) and has the card sign a
challenge that nobody knew before with the key of that certificate (GENERAL AUTHENTICATE, 3.2.4, as in A.3): a copied
certificate has no such key.

Everything goes in short APDUs: many readers carry no others. What is longer is chained (ISO/IEC 7816-4, 5.3.3), and
fetched with GET RESPONSE (5.3.4).
"""

import zlib
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from hardware.cards.emrtd import tlv
from hardware.cards.emrtd.apdu import Apdu, CardGone, Command, Response, send
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, parsing
from hardware.cards.piv.faults import PivError, PivFault

APPLICATION: Final = bytes.fromhex("A000000308000010000100")
"""Part 1, 2.2: the PIV card application, version 1.0."""
AUTHENTICATION_CERTIFICATE: Final = bytes.fromhex("5FC105")
"""Part 1, table 3."""
AUTHENTICATION_KEY: Final = 0x9A
PIN: Final = 0x80
"""Key references, part 1, table 4."""
RSA_2048: Final = 0x07
EC_P256: Final = 0x11
"""Algorithms, SP 800-78-4, table 6-2."""
PIN_DIGITS_LEAST: Final = 6
PIN_DIGITS_MOST: Final = 8
"""Part 2, 2.4.3: filled up with FF to eight bytes."""
BLOCKED: Final = 0x6983
CERTIFICATE_BYTES_MOST: Final = 16 * 1024
CHALLENGE_BYTES: Final = 32
DYNAMIC: Final = 0x7C
CHALLENGE: Final = 0x81
ANSWER: Final = 0x82
CHAINED: Final = 0x10

_SHORT_DATA_MOST: Final = 255
_SHORT_LE: Final = 256
_MORE: Final = 0x61
_TRIES: Final = 0x63C0
_TRIES_MASK: Final = 0xFFF0
_COMPRESSED: Final = b"\x01"
# EMSA-PKCS1-v1_5 of a SHA-256 hash for a key of 2048 bits (RFC 8017, 9.2); the card only raises it to its power.
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_RSA_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Holder:
    """What a card says before anybody has typed anything. `tries_left`: of its PIN, None when the card does not say."""

    certificate: x509.Certificate
    tries_left: int | None


@dataclass(frozen=True, slots=True)
class Pin:
    """Six to eight digits, never shown. Raises ValueError."""

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not (PIN_DIGITS_LEAST <= len(self.digits) <= PIN_DIGITS_MOST and self.digits.isascii()):
            raise ValueError("a PIN has six to eight digits")
        if not self.digits.isdigit():
            raise ValueError("a PIN has digits only")

    @property
    def block(self) -> bytes:
        return self.digits.encode("ascii").ljust(PIN_DIGITS_MOST, b"\xff")


def look(card: Apdu) -> Holder:
    """Whose card it says it is, and how often a PIN may be tried. Raises PivError."""
    _select(card)
    return Holder(_certificate(card), tries_left(card))


def prove(card: Apdu, pin: Pin, tries_told: int | None, challenge: bytes) -> bytes:
    """The card's signature over `challenge`, after the right PIN. Raises PivError.

    `tries_told`: what the holder was told; the card's last tries are never spent on somebody who was told of more.
    """
    _select(card)
    left = tries_left(card)
    if left == 0:
        raise PivError(PivFault.PIN_BLOCKED, tries_left=0)
    if left != tries_told:
        raise PivError(PivFault.TRIES_CHANGED, f"{left}, not {tries_told}", left)
    _verify(card, pin)
    return _sign(card, _key_of(_certificate(card)), challenge)


def is_answer(certificate: x509.Certificate, challenge: bytes, signature: bytes) -> bool:
    """Whether the holder of this certificate's key made `signature` over `challenge`."""
    key = certificate.public_key()
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, challenge, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePublicKey():
                key.verify(signature, challenge, ec.ECDSA(hashes.SHA256()))
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def tries_left(card: Apdu) -> int | None:
    """How many wrong PINs the card still forgives; asks without spending one (3.2.1: VERIFY without data)."""
    answer = _send(card, Command(0x00, 0x20, 0x00, PIN))
    return None if answer.ok else _tries(answer.status)


def _select(card: Apdu) -> None:
    if not _send(card, Command(0x00, 0xA4, 0x04, 0x00, APPLICATION, _SHORT_LE)).ok:
        raise PivError(PivFault.NOT_PIV)


def _verify(card: Apdu, pin: Pin) -> None:
    answer = _send(card, Command(0x00, 0x20, 0x00, PIN, pin.block))
    if answer.ok:
        return
    left = _tries(answer.status)
    if left == 0:
        raise PivError(PivFault.PIN_BLOCKED, tries_left=0)
    if left is None:
        raise PivError(PivFault.PROTOCOL, f"VERIFY: {answer.status:04X}")
    raise PivError(PivFault.PIN_WRONG, tries_left=left)


def _tries(status: int) -> int | None:
    if status == BLOCKED:
        return 0
    return status & 0x0F if status & _TRIES_MASK == _TRIES else None


def _certificate(card: Apdu) -> x509.Certificate:
    """Part 1, appendix A, table 10: the certificate, how it is packed, an unused check sum."""
    wanted = tlv.encode(0x5C, AUTHENTICATION_CERTIFICATE)
    answer = _send(card, Command(0x00, 0xCB, 0x3F, 0xFF, wanted, _SHORT_LE))
    if not answer.ok:
        raise PivError(PivFault.NO_CERTIFICATE, f"{answer.status:04X}")
    try:
        objects = dict(tlv.parse(tlv.only(answer.data, 0x53)))
        encoded = objects[0x70]
        if objects.get(0x71) == _COMPRESSED:
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
            encoded = unpacking.decompress(encoded, CERTIFICATE_BYTES_MOST)
        with parsing("certificate"):
            return x509.load_der_x509_certificate(encoded)
    except (EmrtdError, KeyError, zlib.error) as error:
        raise PivError(PivFault.NO_CERTIFICATE, type(error).__name__) from None


def _key_of(certificate: x509.Certificate) -> int:
    """The algorithm by which this card signs. Raises PivError."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise PivError(PivFault.KEY_UNSUPPORTED, "it cannot be read") from None
    match key:
        case rsa.RSAPublicKey(key_size=2048):
            return RSA_2048
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return EC_P256
    raise PivError(PivFault.KEY_UNSUPPORTED)


def _sign(card: Apdu, algorithm: int, challenge: bytes) -> bytes:
    digest = sha256(challenge).digest()
    block = _padded(digest) if algorithm == RSA_2048 else digest
    data = tlv.encode(DYNAMIC, tlv.encode(ANSWER, b"") + tlv.encode(CHALLENGE, block))
    answer = _send(card, Command(0x00, 0x87, algorithm, AUTHENTICATION_KEY, data, _SHORT_LE))
    if not answer.ok:
        raise PivError(PivFault.REFUSED, f"{answer.status:04X}")
    try:
        return tlv.only(tlv.only(answer.data, DYNAMIC), ANSWER)
    except EmrtdError:
        raise PivError(PivFault.PROTOCOL, "GENERAL AUTHENTICATE: no answer in it") from None


def _padded(digest: bytes) -> bytes:
    info = _DIGEST_INFO + digest
    return b"\x00\x01" + b"\xff" * (_RSA_BYTES - 3 - len(info)) + b"\x00" + info


def _send(card: Apdu, command: Command) -> Response:
    """One command, in as many short ones as it needs."""
    rest = command.data
    while len(rest) > _SHORT_DATA_MOST:
        piece, rest = rest[:_SHORT_DATA_MOST], rest[_SHORT_DATA_MOST:]
        taken = _exchange(card, Command(command.cla | CHAINED, command.ins, command.p1, command.p2, piece))
        if not taken.ok:
            return taken
    answer = _exchange(card, Command(command.cla, command.ins, command.p1, command.p2, rest, command.le))
    whole = answer.data
    while answer.status >> 8 == _MORE:
        answer = _exchange(card, Command(0x00, 0xC0, 0x00, 0x00, le=answer.status & 0xFF or _SHORT_LE))
        whole += answer.data
        if not answer.data or len(whole) > CERTIFICATE_BYTES_MOST:
            raise PivError(PivFault.PROTOCOL, "an answer without end")
    return Response(whole, answer.status)


def _exchange(card: Apdu, command: Command) -> Response:
    try:
        return send(card, command)
    except CardGone:
        raise PivError(PivFault.GONE) from None
    except EmrtdError as error:
        fault = PivFault.GONE if error.fault is EmrtdFault.GONE else PivFault.PROTOCOL
        raise PivError(fault, error.detail) from None
