"""Revocation lists of country signing CAs (Doc 9303-12, 7.2 and RFC 5280, 5), as an operator imports them.

A list takes back certificates of document signers. Without a list nothing is revoked, for most terminals get none; but
where there is one it must be in date: an old one says nothing about today, so its state's documents cannot be verified.
"""

from dataclasses import dataclass
from datetime import date

from asn1crypto import crl, x509

from hardware.cards.emrtd.faults import EmrtdError, not_authentic, parsing
from hardware.cards.emrtd.signatures import public_key, verify


@dataclass(frozen=True, slots=True)
class RevocationList:
    """Whose list it is and what it says. Not verified yet: see `signed_by`."""

    parsed: crl.CertificateList
    issuer: x509.Name
    until: date
    serials: frozenset[int]

    def signed_by(self, authority: x509.Certificate) -> bool:
        """This authority made it."""
        try:
            with parsing("CRL"):
                if authority.subject != self.issuer:
                    return False
                key = public_key(authority.public_key.dump())
                message = self.parsed["tbs_cert_list"].dump()
                verify("CRL", key, self.parsed["signature_algorithm"], "", self.parsed.signature, message)
        except EmrtdError:
            return False
        return True

    def check(self, what: str, certificate: x509.Certificate, today: date) -> None:
        """Raises EmrtdError NOT_AUTHENTIC for a certificate that was taken back, or when the list is out of date."""
        if certificate.serial_number in self.serials:
            raise not_authentic(f"{what}: the certificate is revoked")
        if today > self.until:
            raise not_authentic(f"{what}: the revocation list of its state is out of date")


def parse(encoded: bytes) -> RevocationList:
    """Raises EmrtdError."""
    with parsing("CRL"):
        parsed = crl.CertificateList.load(encoded, strict=True)
        contents = parsed["tbs_cert_list"]
        until = contents["next_update"].native
        if until is None:
            raise not_authentic("CRL: does not say when the next one comes")
        entries = contents["revoked_certificates"]
        serials = frozenset(int(entry["user_certificate"].native) for entry in entries)
        return RevocationList(parsed, parsed.issuer, until.date(), serials)
