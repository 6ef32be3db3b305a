"""An emulated staff card: the chip's side of the PIV card application (NIST SP 800-73-4, part 2).

Whoever has the PIN may have its key sign until the field goes off (part 1, table 4: PIN, "always" for none). Commands
may come chained, long answers are fetched piece by piece, as over T=0. What can go wrong is in `PivFaults`, switched at
any time; a certificate that is expired or revoked is one that its maker issued so (`technicians`).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from hardware.cards.emrtd import tlv
from hardware.cards.emrtd.apdu import OK, Command, Response, decode
from hardware.cards.emrtd.faults import EmrtdError
from hardware.cards.emulator.switches import FieldFaults
from hardware.cards.piv import card as piv

ATR: Final = bytes.fromhex("3BD518FF8191FE1FC38073C821100A")
"""Of a contact chip as a PC/SC reader presents it."""

_NOT_FOUND: Final = 0x6A82
_NOT_ALLOWED: Final = 0x6982
_WRONG_LENGTH: Final = 0x6700
_WRONG_DATA: Final = 0x6A80
_WRONG_REFERENCE: Final = 0x6A88
_UNKNOWN_INS: Final = 0x6D00
_TRIES: Final = 0x63C0
_MORE: Final = 0x6100
_PIECE: Final = 256

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(slots=True)
class PivFaults(FieldFaults):
    """What is wrong with the card, or with the hand that holds it. Set at any time."""

    copied: bool = False
    """A copy: the certificate, but not its key."""
    replays: bool = False
    """It answers every challenge with its answer to the first one."""
    other_application: bool = False
    """Some other smart card: it has no PIV application."""
    no_certificate: bool = False
    """A card that nobody has written a certificate to."""

    SWITCHES: ClassVar[Mapping[str, tuple[str, object]]] = {
        "slow": ("answer_delay_s", 0.2),
        "silence": ("silent", True),
        "pulled": ("pulled_after", 4),
        "copied": ("copied", True),
        "replays": ("replays", True),
        "other-application": ("other_application", True),
        "no-certificate": ("no_certificate", True),
    }


class PivChip:
    """A card with one key. `tries`: how many wrong PINs in a row block it; 0 is a card that is blocked already."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: Key,
        pin: str,
        *,
        tries: int = 3,
        faults: PivFaults | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.faults = faults or PivFaults()
        self.tries_left = tries
        self._tries = tries
        self.certificate = certificate
        self._key = key
        self._pin = piv.Pin(pin).block
        self._wait = wait
        self._first_answer: bytes | None = None
        self.reset()

    def reset(self) -> None:
        """The field went off and on. The count of wrong PINs stays: it is in memory that needs no power."""
        self._selected = False
        self._verified = False
        self._chained = b""
        self._rest = b""

    def transmit(self, command: bytes, /) -> bytes:
        """One command APDU. Raises CardGone when the card was pulled out."""
        if not self.faults.answers(self._wait):
            return b""
        try:
            return self._answer(decode(command)).encode()
        except EmrtdError:
            return Response(b"", _WRONG_LENGTH).encode()

    def _answer(self, command: Command) -> Response:
        if command.ins == 0xC0:
            return self._next_piece()
        if command.cla & piv.CHAINED:
            self._chained += command.data
            return Response(b"", OK)
        data, self._chained, self._rest = self._chained + command.data, b"", b""
        match command.ins:
            case 0xA4:
                return self._select(data)
            case _ if not self._selected:
                return Response(b"", _UNKNOWN_INS)
            case 0x20:
                return self._verify(command, data)
            case 0xCB:
                return self._get_data(data)
            case 0x87:
                return self._general_authenticate(command, data)
        return Response(b"", _UNKNOWN_INS)

    def _next_piece(self) -> Response:
        piece, self._rest = self._rest[:_PIECE], self._rest[_PIECE:]
        return Response(piece, _MORE | min(len(self._rest), _PIECE) % _PIECE if self._rest else OK)

    def _select(self, data: bytes) -> Response:
        self._verified = False
        self._selected = not self.faults.other_application and data == piv.APPLICATION
        if not self._selected:
            return Response(b"", _NOT_FOUND)
        return self._long(tlv.encode(0x61, tlv.encode(0x4F, piv.APPLICATION[-6:])))

    def _verify(self, command: Command, data: bytes) -> Response:
        if (command.p1, command.p2) != (0x00, piv.PIN):
            return Response(b"", _WRONG_REFERENCE)
        if not data:
            return Response(b"", OK if self._verified else self._wrong())
        if len(data) != piv.PIN_DIGITS_MOST:
            return Response(b"", _WRONG_DATA)
        self._verified = False
        if self.tries_left == 0:
            return Response(b"", piv.BLOCKED)
        # Spent before it is compared: a card that is pulled out in between has lost it.
        self.tries_left -= 1
        if not compare_digest(data, self._pin):
            return Response(b"", self._wrong())
        self.tries_left, self._verified = self._tries, True
        return Response(b"", OK)

    def _wrong(self) -> int:
        return _TRIES | self.tries_left if self.tries_left else piv.BLOCKED

    def _get_data(self, data: bytes) -> Response:
        wanted = tlv.only(data, 0x5C)
        if wanted != piv.AUTHENTICATION_CERTIFICATE or self.faults.no_certificate:
            return Response(b"", _NOT_FOUND)
        encoded = self.certificate.public_bytes(Encoding.DER)
        return self._long(
            tlv.encode(0x53, tlv.encode(0x70, encoded) + tlv.encode(0x71, b"\x00") + tlv.encode(0xFE, b""))
        )

    def _general_authenticate(self, command: Command, data: bytes) -> Response:
        if command.p2 != piv.AUTHENTICATION_KEY or command.p1 != self._algorithm:
            return Response(b"", _WRONG_REFERENCE)
        if not self._verified:
            return Response(b"", _NOT_ALLOWED)
        objects = tlv.unique(tlv.only(data, piv.DYNAMIC))
        challenge = objects.get(piv.CHALLENGE, b"")
        if piv.ANSWER not in objects or len(challenge) != (256 if self._algorithm == piv.RSA_2048 else 32):
            return Response(b"", _WRONG_DATA)
        signed = self._sign(challenge)
        if self.faults.replays:
            signed = self._first_answer = self._first_answer or signed
        return self._long(tlv.encode(piv.DYNAMIC, tlv.encode(piv.ANSWER, signed)))

    @property
    def _algorithm(self) -> int:
        return piv.RSA_2048 if isinstance(self._key, rsa.RSAPrivateKey) else piv.EC_P256

    def _sign(self, block: bytes) -> bytes:
        """By the key alone: a PIV card pads nothing."""
        key = self._key
        if isinstance(key, rsa.RSAPrivateKey):
            numbers = key.private_numbers()
            exponent = numbers.d ^ 2 if self.faults.copied else numbers.d
            modulus = numbers.public_numbers.n
            return pow(int.from_bytes(block, "big") % modulus, exponent, modulus).to_bytes(256, "big")
        if self.faults.copied:
            key = ec.generate_private_key(key.curve)
        return key.sign(block, ec.ECDSA(Prehashed(hashes.SHA256())))

    def _long(self, data: bytes) -> Response:
        self._rest = data
        return self._next_piece()
