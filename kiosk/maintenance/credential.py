"""Is this certificate one of our technicians', now? RFC 5280, chapter 6, for paths of one step: the CA that issues
technicians' cards is itself pinned in the profile, so there is nothing between.

What they are for stands in the certificate's extended key usage (4.2.1.12), as one of our own purposes: `PURPOSES`. The
CA's own template sets it. A subject's name, as an organisational unit, is often copied from what the applicant asked
for, and one purpose too many in a name would be a role that nobody gave.

Revocation by the CA's lists (RFC 5280, chapter 5), read from their files at each login. A list that is missing, stale
or not the CA's is a reason to let nobody in: without one nobody knows which cards were lost.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID

from kiosk.maintenance.pages import Denied
from kiosk.maintenance.plan import Role

log = logging.getLogger(__name__)

PURPOSES: Final = {
    x509.ObjectIdentifier("2.25.149848207560775218529721053352232007203"): Role.SERVICE,
    x509.ObjectIdentifier("2.25.296574792433099493967420814694403008029"): Role.SUPPLIES,
    x509.ObjectIdentifier("2.25.158127557763973995100311624068014689799"): Role.AUDITOR,
}
"""Made of UUIDs (ITU-T X.667), so they belong to nobody else and had to be asked of nobody."""
_STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)


class NotLetIn(Exception):
    """`detail` is for the log: precise, and nobody's name."""

    def __init__(self, why: Denied, detail: str = "") -> None:
        super().__init__(f"{why.value} {detail}".strip())
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Credential:
    """What a certificate says that holds: its role, and what it is called in the audit log (E12: no names).
    Nobody has shown yet that they have its key."""

    role: Role
    serial: str
    fingerprint: str


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


class TechnicianTrust:
    """`issuers`: the pinned CAs; `lists`: files with their revocation lists, PEM or DER."""

    def __init__(self, issuers: Iterable[x509.Certificate], lists: Sequence[Path]) -> None:
        self._issuers = tuple(issuers)
        self._lists = lists

    def judge(self, certificate: x509.Certificate, now: datetime) -> Credential:
        """Raises NotLetIn."""
        issuer = self._issuer_of(certificate)
        _require_valid(issuer, now, "of the CA ")
        _require_valid(certificate, now)
        try:
            role = _role_of(certificate)
        except NotLetIn:
            raise
        except Exception as error:  # a library's parser, over a stranger's bytes
            raise NotLetIn(Denied.CERTIFICATE_UNFIT, type(error).__name__) from None
        newest, _ = self._list_of(issuer, now)
        if newest.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
            raise NotLetIn(Denied.REVOKED)
        return Credential(role, f"{certificate.serial_number:#x}", fingerprint(certificate))

    def good_until(self, now: datetime) -> datetime:
        """When the first of these CAs or of their lists ends. Raises NotLetIn when one has, or is not there."""
        ends = []
        for issuer in self._issuers:
            _require_valid(issuer, now, "of the CA ")
            ends += [issuer.not_valid_after_utc, self._list_of(issuer, now)[1]]
        return min(ends)

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate:
        if not _is_strong(certificate):
            raise NotLetIn(Denied.CERTIFICATE_UNFIT, "signed with a weak hash")
        for issuer in self._issuers:
            try:
                certificate.verify_directly_issued_by(issuer)
            except (InvalidSignature, ValueError, TypeError):
                continue
            return issuer
        raise NotLetIn(Denied.ISSUER_UNKNOWN)

    def _list_of(self, issuer: x509.Certificate, now: datetime) -> tuple[x509.CertificateRevocationList, datetime]:
        """The newest one of this CA, and when the next is due. Raises NotLetIn when there is none that counts now."""
        found = [crl for crl in _read_lists(self._lists) if _is_of(crl, issuer)]
        if not found:
            raise NotLetIn(Denied.LIST_MISSING, ", ".join(map(str, self._lists)))
        newest = max(found, key=lambda crl: crl.last_update_utc)
        due = newest.next_update_utc
        if due is None or not newest.last_update_utc <= now <= due:
            raise NotLetIn(Denied.LIST_STALE, f"it holds until {due}")
        return newest, due


def issuers_in(path: Path) -> list[x509.Certificate]:
    """The pinned CAs of a PEM file. Raises OSError, and ValueError for what is none."""
    found = x509.load_pem_x509_certificates(path.read_bytes())
    for certificate in found:
        _understand(certificate.extensions)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if not (constraints.ca and usage.key_cert_sign and usage.crl_sign):
            raise ValueError("a certificate in it is no CA's, or its CA may not sign certificates and lists")
    return found


def _require_valid(certificate: x509.Certificate, now: datetime, whose: str = "") -> None:
    if now < certificate.not_valid_before_utc:
        raise NotLetIn(Denied.NOT_YET_VALID, f"{whose}until {certificate.not_valid_before_utc}")
    if now > certificate.not_valid_after_utc:
        raise NotLetIn(Denied.EXPIRED, f"{whose}since {certificate.not_valid_after_utc}")


def _role_of(certificate: x509.Certificate) -> Role:
    extensions = certificate.extensions
    _understand(extensions)
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise ValueError("a CA's certificate")
    if not extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
        raise NotLetIn(Denied.CERTIFICATE_UNFIT, "its key may not sign")
    match certificate.public_key():
        case rsa.RSAPublicKey(key_size=2048) | ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            pass
        case _:
            raise NotLetIn(Denied.KEY_UNSUPPORTED)
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        raise NotLetIn(Denied.NO_ROLE, "no extended key usage") from None
    roles = [PURPOSES[purpose] for purpose in purposes if purpose in PURPOSES]
    if len(roles) != 1:
        raise NotLetIn(Denied.NO_ROLE, f"{len(roles)} roles")
    return roles[0]


def _understand(extensions: x509.Extensions) -> None:
    """RFC 5280, 4.2: what is critical and not understood is refused."""
    if strange := [each.oid.dotted_string for each in extensions if each.critical and each.oid not in _UNDERSTOOD]:
        raise ValueError(f"critical and not understood: {strange[0]}")


def _is_strong(signed: x509.Certificate | x509.CertificateRevocationList) -> bool:
    try:
        return isinstance(signed.signature_hash_algorithm, _STRONG)
    except UnsupportedAlgorithm:
        return False


def _is_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """A whole list of this CA. One for a part of its certificates, or of changes only, is critical-marked as that."""
    key = issuer.public_key()
    if crl.issuer != issuer.subject or not _is_strong(crl) or any(each.critical for each in crl.extensions):
        return False
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and crl.is_signature_valid(key)


def _read_lists(paths: Sequence[Path]) -> list[x509.CertificateRevocationList]:
    found = []
    for path in paths:
        try:
            data = path.read_bytes()
            load = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
            found.append(load(data))
        except (OSError, ValueError) as error:
            log.warning("technicians' revocation list %s: %s", path, type(error).__name__)
    return found
