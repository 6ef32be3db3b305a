"""Passive authentication (Doc 9303-11, 5.1): did a state that we trust sign what is in this chip?

    EF.SOD hashes of all data groups <- signed by the document signer <- whose certificate a country signing CA issued
    <- whose certificate is one of our anchors

Anchors are data that an operator imports into a folder: certificates pinned by being there, and master lists (Doc
9303-12, 8), which count only when their signer descends from a pinned certificate and while they are fresh. Nothing is
fetched and nothing is built in. Validity follows the shell model: every certificate must be valid today. Revocation
lists of states are not consulted.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import ClassVar, Final

from asn1crypto import algos, core, pem, x509

from hardware.cards.emrtd import lds, signed_data
from hardware.cards.emrtd.faults import EmrtdError, broken, not_authentic, parsing
from hardware.cards.emrtd.signatures import hash_algorithm, public_key, verify

LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
MASTER_LIST: Final = "2.23.136.1.1.2"
MASTER_LIST_SIGNING: Final = "2.23.136.1.1.3"
MASTER_LIST_MAX_AGE: Final = timedelta(days=365)
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
_UNDERSTOOD: Final = frozenset({"key_usage", "basic_constraints", "extended_key_usage", "private_key_usage_period"})


class _DataGroupHash(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [("number", core.Integer), ("hash", core.OctetString)]


class _DataGroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _DataGroupHash


class _LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    """Doc 9303-10, 4.6.2.3."""

    _fields: ClassVar = [
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", _DataGroupHashes),
        ("version_info", core.Any, {"optional": True}),
    ]


class _Certificates(core.SetOf):  # type: ignore[misc]
    _child_spec = x509.Certificate


class _MasterList(core.Sequence):  # type: ignore[misc]
    """Doc 9303-12, 8.2."""

    _fields: ClassVar = [("version", core.Integer), ("certificates", _Certificates)]


@dataclass(frozen=True, slots=True)
class SignedHashes:
    """What the issuing state signed: one hash for each data group of the chip."""

    algorithm: str
    hashes: Mapping[int, bytes]

    def check(self, number: int, file: bytes) -> None:
        """Raises EmrtdError NOT_AUTHENTIC when this is not the data group that was signed."""
        digest = hashlib.new(self.algorithm, file).digest()
        if not compare_digest(digest, self.hashes.get(number, b"")):
            raise not_authentic(f"DG{number} is not what was signed")


class TrustAnchors:
    """The country signing CAs that this terminal believes. `refused`: files that could not be used, and why."""

    def __init__(self, certificates: Iterable[bytes] = (), refused: Iterable[str] = ()) -> None:
        self._anchors = tuple(_country_signer(encoded) for encoded in certificates)
        self.refused = tuple(refused)

    def __len__(self) -> int:
        return len(self._anchors)

    @classmethod
    def load(cls, folder: Path, today: date, list_max_age: timedelta = MASTER_LIST_MAX_AGE) -> "TrustAnchors":
        """All certificates (DER or PEM) and master lists (CMS) in a folder. A file that is no good is named in
        `refused` and does not spoil the others. Raises OSError when there is no such folder.
        """
        pinned: list[bytes] = []
        lists: list[tuple[str, bytes]] = []
        refused: list[str] = []
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            try:
                for encoded in _objects(file):
                    if _is_signed_data(encoded):
                        lists.append((file.name, encoded))
                    else:
                        _country_signer(encoded)
                        pinned.append(encoded)
            except EmrtdError as error:
                refused.append(f"{file.name}: {error.detail}")
        believed = cls(pinned)
        imported: list[bytes] = []
        for name, encoded in lists:
            try:
                imported += believed.master_list(encoded, today, list_max_age)
            except EmrtdError as error:
                refused.append(f"{name}: {error.detail}")
        return cls(dict.fromkeys(pinned + imported), refused)

    def master_list(self, encoded: bytes, today: date, max_age: timedelta = MASTER_LIST_MAX_AGE) -> list[bytes]:
        """The certificates of a list whose signer descends from these anchors. Certificates in it that are none of a
        country signing CA are left out. Raises EmrtdError NOT_AUTHENTIC or PROTOCOL.
        """
        opened = signed_data.opened("master list", encoded, MASTER_LIST)
        self.check_signer("master list signer", opened.signer, today)
        purposes = opened.signer.extended_key_usage_value
        if purposes is None or MASTER_LIST_SIGNING not in [purpose.dotted for purpose in purposes]:
            raise not_authentic("master list: the signer may not sign master lists")
        if opened.signed_at is None or not timedelta() <= _end_of(today) - opened.signed_at <= max_age:
            raise not_authentic("master list: too old, or not dated")
        with parsing("master list"):
            listed = [
                certificate.dump() for certificate in _MasterList.load(opened.content, strict=True)["certificates"]
            ]
        return [certificate for certificate in listed if _is_country_signer(certificate)]

    def check_signer(self, what: str, certificate: x509.Certificate, today: date) -> None:
        """That this certificate may sign, and one of the anchors issued it. Raises EmrtdError NOT_AUTHENTIC."""
        with parsing(what):
            _check_validity(what, certificate, today)
            if certificate.ca or "digital_signature" not in _key_usage(certificate):
                raise not_authentic(f"{what}: not a certificate for signing")
            if not certificate.critical_extensions <= _UNDERSTOOD:
                raise not_authentic(f"{what}: a critical extension that is not understood")
            issuer = certificate.issuer
            identifier = certificate.authority_key_identifier
            candidates = [
                anchor
                for anchor in self._anchors
                if anchor.subject == issuer and identifier in (None, anchor.key_identifier)
            ]
        for anchor in candidates:
            if _issued(what, anchor, certificate):
                return _check_validity("country signing CA", anchor, today)
        raise not_authentic(f"{what}: issued by no country signing CA of ours")


def passive_authentication(sod: bytes, trust: TrustAnchors, today: date) -> SignedHashes:
    """The hashes in EF.SOD, once its signature leads to an anchor. Raises EmrtdError NOT_AUTHENTIC or PROTOCOL."""
    opened = signed_data.opened("EF.SOD", lds.security_object(sod), LDS_SECURITY_OBJECT)
    trust.check_signer("document signer", opened.signer, today)
    with parsing("EF.SOD hashes"):
        signed = _LdsSecurityObject.load(opened.content, strict=True)
        algorithm = signed["hash_algorithm"]["algorithm"].native
        hashes = [(int(entry["number"].native), bytes(entry["hash"].native)) for entry in signed["hashes"]]
    hash_algorithm(algorithm)
    by_number = dict(hashes)
    if len(by_number) != len(hashes) or not set(by_number) <= set(range(1, len(lds.GROUP_TAGS) + 1)):
        raise broken("EF.SOD: data groups twice or unknown")
    return SignedHashes(algorithm, by_number)


def _issued(what: str, anchor: x509.Certificate, certificate: x509.Certificate) -> bool:
    """An anchor's key signed this certificate. Anchors may share a name after a change of keys, so no is an answer."""
    algorithm = certificate["signature_algorithm"]
    try:
        key = public_key(anchor.public_key.dump())
        verify(what, key, algorithm, "", certificate.signature, certificate["tbs_certificate"].dump())
    except EmrtdError:
        return False
    return True


def _country_signer(encoded: bytes) -> x509.Certificate:
    """A certificate that may be an anchor. Raises EmrtdError."""
    with parsing("certificate"):
        certificate = x509.Certificate.load(encoded, strict=True)
        if not certificate.ca or "key_cert_sign" not in _key_usage(certificate):
            raise not_authentic("not the certificate of a country signing CA")
        public_key(certificate.public_key.dump())
        _ = certificate.subject.native, certificate.key_identifier, certificate.not_valid_after
    return certificate


def _is_country_signer(encoded: bytes) -> bool:
    try:
        _country_signer(encoded)
    except EmrtdError:
        return False
    return True


def _key_usage(certificate: x509.Certificate) -> set[str]:
    usage = certificate.key_usage_value
    return set() if usage is None else set(usage.native)


def _check_validity(what: str, certificate: x509.Certificate, today: date) -> None:
    """Valid at some time of today: terminals have no time of day to be exact about."""
    if not certificate.not_valid_before.date() <= today <= certificate.not_valid_after.date():
        raise not_authentic(f"{what}: the certificate is not valid today")


def _end_of(today: date) -> datetime:
    return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)


def _is_signed_data(encoded: bytes) -> bool:
    """ContentInfo begins with an object identifier, Certificate with a sequence."""
    with parsing("file"):
        return isinstance(core.Sequence.load(encoded)[0], core.ObjectIdentifier)


def _objects(file: Path) -> list[bytes]:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise broken("too large")
    contents = file.read_bytes()
    with parsing("PEM"):
        if not pem.detect(contents):
            return [contents]
        return [encoded for _, _, encoded in pem.unarmor(contents, multiple=True)]
