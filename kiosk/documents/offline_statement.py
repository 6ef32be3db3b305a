"""What the terminal itself says about a paper, for whoever holds the paper and has no network.

A seal lives in the file; paper loses it. So the terminal states which sealed file it printed, of which kind, by whom,
about whom (masked) and until when, signs that with its device key, and prints it as a QR code. Anyone with the
terminal's certificate can check it (`check`, docs/offline-statement.md, `kiosk document check-paper`).

Form: COSE_Sign1 (RFC 9052) with ES256 over a CBOR array, in Base45 (RFC 9285) behind `OKS1:`, as the health
certificates of the EU did it: it fits a QR code that survives a cheap printer. Two digests tie it down: of the sealed
file, and of the fields a person can read off the paper. The latter is slow on purpose (PBKDF2, RFC 8018, salted with
the former): who finds the slip without the paper should not try identity numbers until one fits.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Protocol, Self

import segno
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

from kiosk.documents import base45, cbor
from kiosk.documents.digests import CardLike
from kiosk.documents.gate import PrintableDocument

PREFIX: Final = "OKS1:"
VERSION: Final = 1
FIELDS_ITERATIONS: Final = 600_000
LIMIT_CHARACTERS: Final = 1_000
_COSE_SIGN1: Final = 18
_PROTECTED: Final = cbor.encode({1: -7})
"""alg: ES256."""
_P256_BYTES: Final = 32


class NotGenuine(Exception):
    """The statement is not one that a known terminal made; says why."""


class Device(Protocol):
    """Who signs: `platform_client.identity.DeviceIdentity` is one. `sign`: ECDSA P-256, SHA-256, r ‖ s."""

    terminal: str

    def sign(self, document: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class OfflineStatement:
    """What the code says. `subject`: the masked name (张*). `made_at`: aware, whole seconds."""

    terminal: str
    made_at: datetime
    kind: str
    issuer: str
    subject: str
    valid_until: date
    pages: int
    file_sha256: bytes
    fields_digest: bytes

    @classmethod
    def about(cls, paper: PrintableDocument, terminal: str, at: datetime) -> Self:
        """The statement about `paper`, printed by `terminal` at the moment `at`. Takes some tenths of a second."""
        file_sha256 = bytes.fromhex(paper.sha256)
        return cls(
            terminal=terminal,
            made_at=at.astimezone(UTC).replace(microsecond=0),
            kind=paper.kind,
            issuer=paper.issuer,
            subject=paper.holder.masked_name,
            valid_until=paper.valid_until,
            pages=paper.pages,
            file_sha256=file_sha256,
            fields_digest=_fields_digest(paper.holder, paper.kind, paper.issuer, paper.valid_until, file_sha256),
        )

    def signed(self, device: Device) -> str:
        """The text of the QR code. Raises ValueError if `device` is another terminal than the statement names."""
        if device.terminal != self.terminal:
            raise ValueError("a terminal signs only its own statements")
        payload = cbor.encode(self._payload())
        message = cbor.Tagged(_COSE_SIGN1, (_PROTECTED, {}, payload, device.sign(_to_sign(payload))))
        return PREFIX + base45.encode(cbor.encode(message))

    def is_of_file(self, pdf: bytes) -> bool:
        """These are the bytes that were printed."""
        return hmac.compare_digest(hashlib.sha256(pdf).digest(), self.file_sha256)

    def is_about(self, holder: CardLike) -> bool:
        """Name and number on the paper are those that were printed. Takes some tenths of a second."""
        digest = _fields_digest(holder, self.kind, self.issuer, self.valid_until, self.file_sha256)
        return hmac.compare_digest(digest, self.fields_digest)

    def _payload(self) -> tuple[cbor.Value, ...]:
        made_at, until = int(self.made_at.timestamp()), self.valid_until.isoformat()
        facts = (VERSION, self.terminal, made_at, self.kind, self.issuer, self.subject, until, self.pages)
        return (*facts, self.file_sha256, self.fields_digest)

    def __repr__(self) -> str:
        return f"<OfflineStatement {self.kind}, {self.terminal}>"


def check(text: str, terminals: Iterable[x509.Certificate]) -> OfflineStatement:
    """The statement in `text`, if one of `terminals` (certificates believed in) signed it. Raises NotGenuine.

    A certificate counts if it names the terminal and was valid when the statement was made.
    """
    payload, signature = _opened(text)
    statement = _read(payload)
    der = utils.encode_dss_signature(*(int.from_bytes(signature[at : at + _P256_BYTES], "big") for at in (0, 32)))
    known = [certificate for certificate in terminals if _is_for(certificate, statement)]
    if not known:
        raise NotGenuine("no certificate of that terminal is known, or none was valid then")
    for certificate in known:
        key = certificate.public_key()
        if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
            continue
        try:
            key.verify(der, _to_sign(payload), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return statement
    raise NotGenuine("the terminal did not sign this")


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The QR code (ISO/IEC 18004), row by row, True is dark; error correction M, quiet zone of four modules."""
    code = segno.make_qr(text, error="m", boost_error=False)
    return tuple(tuple(map(bool, row)) for row in code.matrix_iter(border=4))


def _fields_digest(holder: CardLike, kind: str, issuer: str, valid_until: date, file_sha256: bytes) -> bytes:
    fields = "\0".join((holder.number, holder.name, kind, issuer, valid_until.isoformat()))
    return hashlib.pbkdf2_hmac("sha256", fields.encode(), file_sha256, FIELDS_ITERATIONS)


def _to_sign(payload: bytes) -> bytes:
    """Sig_structure, RFC 9052, 4.4."""
    return cbor.encode(("Signature1", _PROTECTED, b"", payload))


def _opened(text: str) -> tuple[bytes, bytes]:
    """Payload and signature."""
    if not text.startswith(PREFIX) or len(text) > LIMIT_CHARACTERS:
        raise NotGenuine("not a statement of a terminal")
    try:
        message = cbor.decode(base45.decode(text.removeprefix(PREFIX)))
    except ValueError:
        raise NotGenuine("the code is damaged") from None
    match message:
        case cbor.Tagged(tag, (bytes() as protected, dict() as other, bytes() as payload, bytes() as signature)):
            known = (tag, protected, other) == (_COSE_SIGN1, _PROTECTED, {})
            if known and len(signature) == 2 * _P256_BYTES:
                return payload, signature
    raise NotGenuine("signed in a way this version does not know")


def _read(payload: bytes) -> OfflineStatement:
    try:
        match cbor.decode(payload):
            case (
                int(version),
                str(terminal),
                int(made_at),
                str(kind),
                str(issuer),
                str(subject),
                str(until),
                int(pages),
                bytes(file_sha256),
                bytes(fields_digest),
            ) if version == VERSION and len(file_sha256) == len(fields_digest) == 32:
                return OfflineStatement(
                    terminal,
                    datetime.fromtimestamp(made_at, UTC),
                    kind,
                    issuer,
                    subject,
                    date.fromisoformat(until),
                    pages,
                    file_sha256,
                    fields_digest,
                )
    except (ValueError, OverflowError, OSError):
        pass
    raise NotGenuine("the statement says something this version does not know")


def _is_for(certificate: x509.Certificate, statement: OfflineStatement) -> bool:
    names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    in_time = certificate.not_valid_before_utc <= statement.made_at <= certificate.not_valid_after_utc
    return names == [statement.terminal] and in_time
