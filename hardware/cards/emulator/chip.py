"""An emulated travel document chip: command APDUs in, response APDUs out (Doc 9303-10 and -11).

It runs the chip's side of PACE, BAC, secure messaging, chip and active authentication for real, on a document of
`utopia`. It is an `Apdu` itself, so it can be read in the same process; what puts it on a reader needs only `transmit`,
`reset` and `ATR`. What can go wrong is in `ChipFaults`, switched at any time.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import ClassVar, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from hardware.cards.emrtd import bac, pace, tlv
from hardware.cards.emrtd.active_authentication import HEADER
from hardware.cards.emrtd.apdu import OK, Command, Response, decode
from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import Point, by_parameter_id
from hardware.cards.emrtd.document import APPLICATION
from hardware.cards.emrtd.faults import EmrtdError
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.messaging import SECURE_CLASS, Session
from hardware.cards.emulator.switches import FieldFaults
from hardware.cards.emulator.utopia import Document
from hardware.cards.port import Can, Mrz

ATR: Final = bytes.fromhex("3B8A80014A434F503431563232317F")
"""Of a contactless chip as a PC/SC reader presents it."""

_WRONG_LENGTH: Final = 0x6700
_NO_SESSION: Final = 0x6987
_SESSION_BROKEN: Final = 0x6988
_NOT_ALLOWED: Final = 0x6982
_NO_FILE_SELECTED: Final = 0x6986
_WRONG_DATA: Final = 0x6A80
_NOT_FOUND: Final = 0x6A82
_REFERENCE_MISSING: Final = 0x6A88
_BEYOND_END: Final = 0x6B00
_UNKNOWN_INS: Final = 0x6D00
_WRONG_PASSWORD: Final = 0x6300
_MASTER_FILE: Final = bytes.fromhex("3F00")
_NONCE_BYTES: Final = 16


@dataclass(slots=True)
class ChipFaults(FieldFaults):
    """What is wrong with the chip, or with the hand that holds it. Set at any time."""

    no_extended_length: bool = False
    """An extended command ends the session."""
    longest_le: int = 65536
    """A command that expects more is refused, politely."""

    tampered: FileId | None = None
    """One byte in the middle of this file is another."""
    cloned: bool = False
    """A copy: all the files, but not the private keys."""
    huge_file: FileId | None = None
    """This file says that it has sixteen megabytes."""
    wrong_macs: bool = False
    """Protected answers have a wrong MAC."""

    SWITCHES: ClassVar[Mapping[str, tuple[str, object]]] = {
        "slow": ("answer_delay_s", 0.2),
        "silence": ("silent", True),
        "pulled": ("pulled_after", 30),
        "no-extended-length": ("no_extended_length", True),
        "tampered-data": ("tampered", FileId.DG1),
        "tampered-face": ("tampered", FileId.DG2),
        "cloned": ("cloned", True),
        "corrupt-frame": ("wrong_macs", True),
        "huge-lengths": ("huge_file", FileId.DG2),
    }


class _Refused(Exception):
    """A command ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


@dataclass(slots=True)
class _Pace:
    """One run of PACE, filled step by step."""

    offer: pace.Offer
    key: bytes
    nonce: bytes = b""
    generator: Point | None = None
    agreement: pace.Agreement | None = None
    own: Point | None = None
    other: Point | None = None


class EmrtdChip:
    """A chip in the field. It forgets everything but its document on `reset`."""

    def __init__(
        self, document: Document, faults: ChipFaults | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self.faults = faults or ChipFaults()
        self._document = document
        self._wait = wait
        self.reset()

    def reset(self) -> None:
        """The field went off and on."""
        self._session: Session | None = None
        self._next_session: Session | None = None
        self._challenge = b""
        self._pace: _Pace | None = None
        self._agreeing = False
        self._in_application = False
        self._file: bytes | None = None

    def transmit(self, command: bytes, /) -> bytes:
        """One command APDU. Raises CardGone when the document was lifted."""
        if not self.faults.answers(self._wait):
            return b""
        return self._answer(command).encode()

    def _answer(self, raw: bytes) -> Response:
        extended = len(raw) >= 7 and raw[4] == 0
        try:
            command = decode(raw)
        except EmrtdError:
            command = None
        if command is None or (extended and self.faults.no_extended_length):
            self._session = None
            return Response(b"", _WRONG_LENGTH)
        if command.cla & SECURE_CLASS == SECURE_CLASS:
            return self._protected(command)
        self._session = None
        return self._run(command)

    def _protected(self, command: Command) -> Response:
        session = self._session
        if session is None:
            return Response(b"", _NO_SESSION)
        try:
            plain = session.open(command)
        except EmrtdError:
            self._session = None
            return Response(b"", _SESSION_BROKEN)
        closed = session.close(self._run(plain), plain.ins)
        if len(closed.data) > (command.le or 0):
            self._session = None
            return Response(b"", _WRONG_LENGTH)
        if self._next_session is not None:
            self._session, self._next_session = self._next_session, None
        if self.faults.wrong_macs:
            closed = Response(closed.data[:-1] + bytes([closed.data[-1] ^ 1]), closed.status)
        return closed

    def _run(self, command: Command) -> Response:
        steps = {
            0xA4: self._select,
            0xB0: self._read,
            0xB1: self._read_far,
            0x84: self._get_challenge,
            0x82: self._external_authenticate,
            0x22: self._manage_security_environment,
            0x86: self._general_authenticate,
            0x88: self._internal_authenticate,
        }
        try:
            if command.ins not in steps:
                raise _Refused(_UNKNOWN_INS)
            return Response(steps[command.ins](command), OK)
        except _Refused as refusal:
            return Response(b"", refusal.status)
        except EmrtdError:
            return Response(b"", _WRONG_DATA)

    def _select(self, command: Command) -> bytes:
        self._file = None
        if command.p1 == 0x04:
            if command.data != APPLICATION:
                raise _Refused(_NOT_FOUND)
            self._in_application = True
        elif command.p1 == 0x00 and command.data in (b"", _MASTER_FILE):
            self._in_application = False
        else:
            self._select_file(int.from_bytes(command.data, "big"))
        return b""

    def _select_file(self, identifier: int) -> None:
        contents = self._document.files.get(identifier)
        if contents is None or (identifier == FileId.CARD_ACCESS) == self._in_application:
            raise _Refused(_NOT_FOUND)
        if identifier != FileId.CARD_ACCESS and self._session is None:
            raise _Refused(_NOT_ALLOWED)
        if identifier == self.faults.tampered:
            middle = len(contents) // 2
            contents = contents[:middle] + bytes([contents[middle] ^ 0x01]) + contents[middle + 1 :]
        if identifier == self.faults.huge_file:
            tag, start, _ = tlv.header(contents)
            contents = tag.to_bytes((tag.bit_length() + 7) // 8, "big") + b"\x83\xff\xff\xff" + contents[start:]
        self._file = contents

    def _read(self, command: Command) -> bytes:
        return self._piece(command.p1 << 8 | command.p2, command.le or 0)

    def _read_far(self, command: Command) -> bytes:
        offset = int.from_bytes(tlv.only(command.data, 0x54), "big")
        return tlv.encode(0x53, self._piece(offset, max(0, (command.le or 0) - 8)))

    def _piece(self, offset: int, size: int) -> bytes:
        if self._file is None:
            raise _Refused(_NO_FILE_SELECTED)
        if size > self.faults.longest_le:
            raise _Refused(_WRONG_LENGTH)
        if offset >= len(self._file):
            raise _Refused(_BEYOND_END)
        return self._file[offset : offset + size]

    def _get_challenge(self, command: Command) -> bytes:
        if not self._document.bac or not self._in_application:
            raise _Refused(_NOT_ALLOWED)
        self._challenge = secrets.token_bytes(bac.NONCE_BYTES)
        return self._challenge

    def _external_authenticate(self, command: Command) -> bytes:
        challenge, self._challenge = self._challenge, b""
        keys = bac.AccessKeys(self._document.access)
        plain = keys.open(command.data) if challenge else None
        if plain is None or plain[8:16] != challenge:
            raise _Refused(_WRONG_PASSWORD)
        nonce, other = plain[:8], plain[16:]
        own = secrets.token_bytes(bac.KEY_BYTES)
        self._session = bac.session(own, other, challenge, nonce)
        return keys.seal(challenge + nonce + own)

    def _manage_security_environment(self, command: Command) -> bytes:
        objects = tlv.unique(command.data)
        if (command.p1, command.p2) == (0xC1, 0xA4):
            self._begin_pace(objects)
        elif (command.p1, command.p2) == (0x41, 0xA6) and self._document.agreement_suite is Suite.TDES:
            self._agree(objects.get(0x91, b""))
        elif (command.p1, command.p2) == (0x41, 0xA4) and self._document.agreement_key and self._session:
            self._agreeing = True
        else:
            raise _Refused(_WRONG_DATA)
        return b""

    def _begin_pace(self, objects: dict[int, bytes]) -> None:
        offers = [offer for offer in self._document.pace if offer.oid == objects.get(0x80)]
        if len(self._document.pace) > 1:
            if 0x84 not in objects:
                raise _Refused(_REFERENCE_MISSING)
            curve = by_parameter_id(int.from_bytes(objects[0x84], "big"))
            offers = [offer for offer in offers if offer.curve is curve]
        passwords: dict[bytes, Mrz | Can] = {b"\x01": self._document.access, b"\x02": Can(self._document.can)}
        password = passwords.get(objects.get(0x83, b""))
        if not offers or password is None:
            raise _Refused(_REFERENCE_MISSING)
        self._pace = _Pace(offers[0], pace.password_key(password, offers[0].suite))

    def _general_authenticate(self, command: Command) -> bytes:
        objects = tlv.unique(tlv.only(command.data, pace.DYNAMIC))
        if self._agreeing:
            self._agreeing = False
            self._agree(objects.get(0x80, b""))
            return tlv.encode(pace.DYNAMIC, b"")
        run = self._pace
        if run is None:
            raise _Refused(_NOT_ALLOWED)
        try:
            tag, value = self._pace_step(run, objects)
        except (_Refused, EmrtdError):
            self._pace = None
            raise
        return tlv.encode(pace.DYNAMIC, tlv.encode(tag, value))

    def _pace_step(self, run: _Pace, objects: dict[int, bytes]) -> tuple[int, bytes]:
        curve, suite = run.offer.curve, run.offer.suite
        if not objects and not run.nonce:
            run.nonce = secrets.token_bytes(_NONCE_BYTES)
            return 0x80, suite.encryption(run.key).encrypt(run.nonce, bytes(suite.block_bytes))
        if 0x81 in objects and run.nonce and run.generator is None:
            mapping = curve.generate()
            common = curve.multiply(mapping, curve.decode(objects[0x81]))
            run.generator = pace.mapped_generator(curve, run.nonce, common)
            return 0x82, curve.encode(curve.public(mapping))
        if 0x83 in objects and run.generator is not None and run.agreement is None:
            private = curve.generate()
            run.other = curve.decode(objects[0x83])
            run.own = curve.multiply(private, run.generator)
            run.agreement = pace.agree(run.offer, private, run.other)
            return 0x84, curve.encode(run.own)
        if 0x85 in objects and run.agreement is not None and run.own is not None and run.other is not None:
            if not compare_digest(run.agreement.token(run.own), objects[0x85]):
                raise _Refused(_WRONG_PASSWORD)
            self._pace = None
            self._session = run.agreement.session
            return 0x86, run.agreement.token(run.other)
        raise _Refused(_WRONG_DATA)

    def _agree(self, encoded: bytes) -> None:
        """Chip authentication: the new session begins after the answer."""
        key = self._document.agreement_key
        if key is None or self._session is None:
            raise _Refused(_NOT_ALLOWED)
        if self.faults.cloned:
            key = ec.generate_private_key(key.curve)
        public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, encoded)
        self._next_session = Session.derived(self._document.agreement_suite, key.exchange(ec.ECDH(), public))

    def _internal_authenticate(self, command: Command) -> bytes:
        key = self._document.signing_key
        if key is None or self._session is None:
            raise _Refused(_NOT_ALLOWED)
        if isinstance(key, rsa.RSAPrivateKey):
            return _sign_recoverable(key, command.data, spoiled=self.faults.cloned)
        if self.faults.cloned:
            key = ec.generate_private_key(key.curve)
        r, s = decode_dss_signature(key.sign(command.data, ec.ECDSA(hashes.SHA256())))
        half = (key.key_size + 7) // 8
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def _sign_recoverable(key: rsa.RSAPrivateKey, challenge: bytes, *, spoiled: bool) -> bytes:
    """ISO/IEC 9796-2 scheme 1 with SHA-256. `spoiled`: as somebody would who does not have the key."""
    numbers = key.private_numbers()
    size = key.key_size // 8
    own = secrets.token_bytes(size - 1 - 32 - 2)
    message = bytes([HEADER]) + own + sha256(own + challenge).digest() + b"\x34\xcc"
    exponent = numbers.d ^ 2 if spoiled else numbers.d
    return pow(int.from_bytes(message, "big"), exponent, numbers.public_numbers.n).to_bytes(size, "big")
