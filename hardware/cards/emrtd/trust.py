"""Passive authentication (Doc 9303-11, 5.1): did a state that we trust sign what is in this chip?

    EF.SOD hashes of all data groups <- signed by the document signer <- whose certificate a country signing CA issued
    <- whose certificate is one of our anchors

Anchors are data that an operator imports into a folder: certificates pinned by being there, and master lists (Doc
9303-12, 8), which count only when their signer descends from a pinned certificate and while they are fresh. Nothing is
fetched and nothing is built in. Validity follows the shell model: every certificate must be valid today, and none that
an imported revocation list takes back (`revocation`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from hmac import compare_digest
from pathlib import Path
from typing import ClassVar, Final

from asn1crypto import algos, core, pem, x509

from hardware.cards.emrtd import lds, revocation, signed_data, tlv
from hardware.cards.emrtd.faults import EmrtdError, broken, not_authentic, parsing
from hardware.cards.emrtd.revocation import RevocationList
from hardware.cards.emrtd.signatures import PublicKey, hash_algorithm, public_key, verify

LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
MASTER_LIST: Final = "2.23.136.1.1.2"
MASTER_LIST_SIGNING: Final = "2.23.136.1.1.3"
MASTER_LIST_MAX_AGE: Final = timedelta(days=365)
_SIGNERS_KEPT: Final = 256
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
_OBJECT_IDENTIFIER: Final = 0x06
_INTEGER: Final = 0x02
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
    """What the issuing state signed: a hash for each data group of the chip. `country`: two letters, the signer's."""

    country: str
    algorithm: str
    hashes: Mapping[int, bytes]

    def check(self, number: int, file: bytes) -> None:
        """Raises EmrtdError NOT_AUTHENTIC when this is not the data group that was signed."""
        digest = hashlib.new(self.algorithm, file).digest()
        if not compare_digest(digest, self.hashes.get(number, b"")):
            raise not_authentic(f"DG{number} is not what was signed")


@dataclass(frozen=True, slots=True)
class Listed:
    """A certificate out of a master list, and until when the list is fresh."""

    certificate: bytes
    fresh_until: date


@dataclass(frozen=True, slots=True)
class _Anchor:
    certificate: x509.Certificate
    key: PublicKey
    fresh_until: date


class TrustAnchors:
    """The country signing CAs that this terminal believes. `refused`: files that could not be used, and why.

    Certificates and lists are checked against the day of each reading, so a terminal may keep its anchors for long.
    """

    def __init__(
        self,
        certificates: Iterable[bytes] = (),
        listed: Iterable[Listed] = (),
        revocations: Iterable[bytes] = (),
        refused: Iterable[str] = (),
    ) -> None:
        fresh_until: dict[bytes, date] = {}
        for each in listed:
            fresh_until[each.certificate] = max(each.fresh_until, fresh_until.get(each.certificate, date.min))
        fresh_until |= dict.fromkeys(certificates, date.max)
        self._anchors = tuple(_anchor(encoded, until) for encoded, until in fresh_until.items())
        # A world's master list has hundreds of names, and comparing two under RFC 5280, 7.1 takes a while. Nearly every
        # document writes its issuer's name byte for byte as the issuer does.
        self._by_name: dict[str | bytes, list[_Anchor]] = {}
        for anchor in self._anchors:
            name = anchor.certificate.subject
            self._by_name[name.dump()] = alike = self._by_name.setdefault(name.hashable, [])
            alike.append(anchor)
        self._revocations = tuple(self._made_here(revocation.parse(encoded)) for encoded in revocations)
        self._checked: dict[bytes, date] = {}
        self.refused = tuple(refused)

    def __len__(self) -> int:
        return len(self._anchors)

    @classmethod
    def load(cls, folder: Path, today: date, list_max_age: timedelta = MASTER_LIST_MAX_AGE) -> "TrustAnchors":
        """All certificates, master lists (CMS) and revocation lists in a folder, DER or PEM. A file that is no good is
        named in `refused` and does not spoil the others. Raises OSError when there is no such folder.
        """
        refused: list[str] = []
        found: dict[_Kind, list[tuple[str, bytes]]] = {kind: [] for kind in _Kind}
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            with _refusing(file.name, refused):
                for encoded in _objects(file):
                    found[_kind(encoded)].append((file.name, encoded))
        pinned: list[bytes] = []
        for name, encoded in found[_Kind.CERTIFICATE]:
            with _refusing(name, refused):
                _anchor(encoded, date.max)
                pinned.append(encoded)
        believed = cls(pinned)
        listed: list[Listed] = []
        for name, encoded in found[_Kind.MASTER_LIST]:
            with _refusing(name, refused):
                listed += believed.master_list(encoded, today, list_max_age)
        believed = cls(pinned, listed)
        revocations: list[bytes] = []
        for name, encoded in found[_Kind.REVOCATION_LIST]:
            with _refusing(name, refused):
                believed._made_here(revocation.parse(encoded))
                revocations.append(encoded)
        return cls(pinned, listed, revocations, sorted(refused))

    def master_list(self, encoded: bytes, today: date, max_age: timedelta = MASTER_LIST_MAX_AGE) -> list[Listed]:
        """The certificates of a list whose signer descends from these anchors. Certificates in it that are none of a
        country signing CA are left out. Raises EmrtdError NOT_AUTHENTIC or PROTOCOL.
        """
        opened = signed_data.opened("master list", encoded, MASTER_LIST)
        self.check_signer("master list signer", opened.signer, today)
        purposes = opened.signer.extended_key_usage_value
        if purposes is None or MASTER_LIST_SIGNING not in [purpose.dotted for purpose in purposes]:
            raise not_authentic("master list: the signer may not sign master lists")
        if opened.signed_at is None:
            raise not_authentic("master list: not dated")
        signed_on = opened.signed_at.date()
        if not signed_on <= today <= signed_on + max_age:
            raise not_authentic("master list: too old, or of a day to come")
        with parsing("master list"):
            contents = _MasterList.load(opened.content, strict=True)
            certificates = [certificate.dump() for certificate in contents["certificates"]]
        return [Listed(each, signed_on + max_age) for each in certificates if _is_country_signer(each)]

    def check_signer(self, what: str, certificate: x509.Certificate, today: date) -> None:
        """That this certificate may sign, and one of the anchors issued it. Raises EmrtdError NOT_AUTHENTIC.

        A signer signs some hundred thousand documents: one that was found good today is not looked at again today.
        """
        fingerprint = hashlib.sha256(certificate.dump()).digest()
        if self._checked.get(fingerprint) == today:
            return
        self._look_at_signer(what, certificate, today)
        if len(self._checked) >= _SIGNERS_KEPT:
            self._checked.clear()
        self._checked[fingerprint] = today

    def _look_at_signer(self, what: str, certificate: x509.Certificate, today: date) -> None:
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
                for anchor in self._by_name.get(issuer.dump()) or self._by_name.get(issuer.hashable) or ()
                if identifier in (None, anchor.certificate.key_identifier)
            ]
            issuers = [anchor for anchor in candidates if _issued(what, anchor, certificate)]
            fresh = [anchor for anchor in issuers if today <= anchor.fresh_until]
            if fresh:
                _check_validity("country signing CA", fresh[0].certificate, today)
                for each in self._revocations:
                    if each.issuer == issuer:
                        each.check(what, certificate, today)
                return
        if issuers:
            raise not_authentic("country signing CA: the master list that brought it is too old")
        raise not_authentic(f"{what}: issued by no country signing CA of ours")

    def _made_here(self, revoked: RevocationList) -> RevocationList:
        """Raises EmrtdError NOT_AUTHENTIC for a list that none of the anchors made."""
        if not any(revoked.signed_by(anchor.certificate) for anchor in self._anchors):
            raise not_authentic("CRL: made by no country signing CA of ours")
        return revoked


def passive_authentication(sod: bytes, trust: TrustAnchors, today: date) -> SignedHashes:
    """The hashes in EF.SOD, once its signature leads to an anchor. Raises EmrtdError NOT_AUTHENTIC or PROTOCOL."""
    opened = signed_data.opened("EF.SOD", lds.security_object(sod), LDS_SECURITY_OBJECT)
    trust.check_signer("document signer", opened.signer, today)
    if opened.signer.extended_key_usage_value is not None:
        raise not_authentic("document signer: a certificate for another purpose")
    with parsing("EF.SOD hashes"):
        signed = _LdsSecurityObject.load(opened.content, strict=True)
        algorithm = signed["hash_algorithm"]["algorithm"].native
        country = str(opened.signer.issuer.native["country_name"])
        hashes = [(int(entry["number"].native), bytes(entry["hash"].native)) for entry in signed["hashes"]]
    hash_algorithm(algorithm)
    by_number = dict(hashes)
    if len(by_number) != len(hashes) or not set(by_number) <= set(range(1, len(lds.GROUP_TAGS) + 1)):
        raise broken("EF.SOD: data groups twice or unknown")
    return SignedHashes(country, algorithm, by_number)


def _issued(what: str, anchor: _Anchor, certificate: x509.Certificate) -> bool:
    """An anchor's key signed this certificate. Anchors may share a name after a change of keys, so no is an answer."""
    algorithm = certificate["signature_algorithm"]
    try:
        verify(what, anchor.key, algorithm, "", certificate.signature, certificate["tbs_certificate"].dump())
    except EmrtdError:
        return False
    return True


def _anchor(encoded: bytes, fresh_until: date) -> _Anchor:
    """A certificate that may be an anchor. Raises EmrtdError."""
    with parsing("certificate"):
        certificate = x509.Certificate.load(encoded, strict=True)
        if not certificate.ca or "key_cert_sign" not in _key_usage(certificate):
            raise not_authentic("not the certificate of a country signing CA")
        key = public_key(certificate.public_key.dump())
        _ = certificate.subject.hashable, certificate.key_identifier, certificate.not_valid_after
    return _Anchor(certificate, key, fresh_until)


def _is_country_signer(encoded: bytes) -> bool:
    try:
        _anchor(encoded, date.max)
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


class _Kind(Enum):
    CERTIFICATE = "certificate"
    MASTER_LIST = "master list"
    REVOCATION_LIST = "revocation list"


def _kind(encoded: bytes) -> _Kind:
    """By how the ASN.1 begins: ContentInfo with an object identifier; what a certificate signs with a tagged version,
    what a revocation list signs with an untagged one.
    """
    _, start, _ = tlv.header(encoded)
    first, start, _ = tlv.header(encoded, start)
    if first == _OBJECT_IDENTIFIER:
        return _Kind.MASTER_LIST
    version, _, _ = tlv.header(encoded, start)
    return _Kind.REVOCATION_LIST if version == _INTEGER else _Kind.CERTIFICATE


@contextmanager
def _refusing(name: str, refused: list[str]) -> Iterator[None]:
    """Notes that a file is no good, and goes on."""
    try:
        yield
    except EmrtdError as error:
        refused.append(f"{name}: {error.detail}")


def _objects(file: Path) -> list[bytes]:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise broken("too large")
    contents = file.read_bytes()
    with parsing("PEM"):
        if not pem.detect(contents):
            return [contents]
        return [encoded for _, _, encoded in pem.unarmor(contents, multiple=True)]
