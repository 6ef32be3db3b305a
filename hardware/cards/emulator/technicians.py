"""A technician CA for demo and tests, the cards it issues and the list of those it takes back (RFC 5280).

Each is made anew and is believed by nobody but a terminal that is told to. What an operator does instead with a CA of
their own is in docs/maintenance.md.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hardware.cards.emulator.piv_chip import Key, PivChip

PIN: Final = "246810"
"""Of every card made here, unless it is made with another one."""
_EARLIER: Final = timedelta(days=2)
_USES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class TechnicianCa:
    """`now`: when all this happens."""

    def __init__(self, now: datetime | None = None, name: str = "Technicians of Utopia") -> None:
        self._now = now or datetime.now(UTC)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = (
            _builder(self._name, self._name, self._key.public_key(), self._now, timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def certify(
        self,
        key: Key,
        roles: Iterable[x509.ObjectIdentifier],
        *,
        lasts: timedelta = timedelta(days=365),
        digital_signature: bool = True,
        also: Iterable[x509.ExtensionType] = (),
    ) -> x509.Certificate:
        """A certificate for a card's key. No name of a person is in it: the number says whose card it is. A negative
        `lasts` makes one that has ended. `also`: critical extensions of other kinds."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Technician's card")])
        usage = _usage(digital_signature=digital_signature, key_agreement=not digital_signature)
        builder = _builder(name, self._name, key.public_key(), self._now, lasts)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(usage, critical=True)
        if purposes := tuple(roles):
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        for extension in also:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def card(
        self,
        *roles: x509.ObjectIdentifier,
        key: Key | None = None,
        lasts: timedelta = timedelta(days=365),
        pin: str = PIN,
        tries: int = 3,
    ) -> PivChip:
        """A card with a key of its own."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        return PivChip(self.certify(key, roles, lasts=lasts), key, pin, tries=tries)

    def revocation_list(
        self, *taken_back: x509.Certificate, lasts: timedelta = timedelta(days=7), age: timedelta = _EARLIER
    ) -> x509.CertificateRevocationList:
        """Made so long ago. A negative `lasts` makes one that should have been replaced long ago."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(self._now - age).next_update(self._now + lasts)
        for certificate in taken_back:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(self._now - timedelta(hours=1))
                .build()
            )
        return builder.sign(self._key, hashes.SHA256())

    def publish(self, folder: Path, *taken_back: x509.Certificate) -> tuple[Path, Path]:
        """The CA's certificate and its list as PEM files, for a profile."""
        ca, crl = folder / "technicians.pem", folder / "technicians.crl"
        ca.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        crl.write_bytes(self.revocation_list(*taken_back).public_bytes(Encoding.PEM))
        return ca, crl


def _builder(
    subject: x509.Name, issuer: x509.Name, key: object, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lasts)
    )


def _usage(**uses: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: uses.get(name, False) for name in _USES})
