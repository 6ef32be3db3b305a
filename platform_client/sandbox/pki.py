"""The sandbox's three certificate trees, made into a directory and kept fresh (C01, C04, C17, C24).

One tree is for the wire (TLS CA -> server, one client certificate per terminal), one for the platform's systems among
themselves (systems CA -> one certificate per system, for both ends of a call), one for the paper (document root ->
issuing CA -> a seal per agency). Profiles follow RFC 5280: seals carry nonRepudiation, CAs sign CRLs. Every agency also
has a twin seal that is on the CRL, so that revocation is the only thing wrong with it.

    DIR/tls/{ca,server}.{cert,key}.pem      DIR/kiosks/TERMINAL.{cert,key}.pem
    DIR/systems/{ca,SYSTEM}.{cert,key}.pem
    DIR/documents/{root,issuing}.{cert,key}.pem, {root,issuing}.crl       DIR/seals/AGENCY[-revoked].{cert,key}.pem

`make` may be called at every start: what is there and valid for another month stays, the rest is made again.
"""

import contextlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from platform_client.sandbox.catalogue import AGENCIES
from platform_client.sandbox.topology import SYSTEMS

_CA_LIFE: Final = timedelta(days=3650)
_LEAF_LIFE: Final = timedelta(days=397)
_CRL_LIFE: Final = timedelta(days=7)
_RENEW_BEFORE: Final = timedelta(days=30)
_BACKDATED: Final = timedelta(minutes=5)
"""Certificates and CRLs start a little in the past: clocks of two machines are never equal."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its private key, both PEM files; the key is readable by its owner only."""

    certificate: Path
    key: Path

    @classmethod
    def at(cls, directory: Path, name: str) -> "Credential":
        return cls(directory / f"{name}.cert.pem", directory / f"{name}.key.pem")

    def load_certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())

    def load_key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the sandbox makes EC keys only")
        return key


def system_host(name: str) -> str:
    """The host name of a system, which resolves nowhere but in the sandbox (RFC 6761)."""
    return f"{name}.sandbox.invalid"


@dataclass(frozen=True, slots=True)
class SandboxPki:
    """Where everything lies below `directory`."""

    directory: Path

    @property
    def tls_ca(self) -> Credential:
        return Credential.at(self.directory / "tls", "ca")

    @property
    def server(self) -> Credential:
        return Credential.at(self.directory / "tls", "server")

    @property
    def stranger_ca(self) -> Credential:
        """An authority that nobody pinned."""
        return Credential.at(self.directory / "tls", "stranger-ca")

    @property
    def wrong_servers(self) -> dict[str, Credential]:
        """Servers that no terminal may believe, by the word of the fault that shows them."""
        words = ("unknown-authority", "wrong-host", "server-expired", "server-not-yet-valid")
        return {word: Credential.at(self.directory / "tls", word) for word in words}

    def kiosk(self, terminal: str) -> Credential:
        return Credential.at(self.directory / "kiosks", terminal)

    @property
    def systems_ca(self) -> Credential:
        return Credential.at(self.directory / "systems", "ca")

    def system(self, name: str) -> Credential:
        return Credential.at(self.directory / "systems", name)

    @property
    def root(self) -> Credential:
        return Credential.at(self.directory / "documents", "root")

    @property
    def issuing(self) -> Credential:
        return Credential.at(self.directory / "documents", "issuing")

    def seal(self, agency: str) -> Credential:
        return Credential.at(self.directory / "seals", agency)

    def revoked_seal(self, agency: str) -> Credential:
        return Credential.at(self.directory / "seals", f"{agency}-revoked")

    @property
    def anchors(self) -> Path:
        """Of the key that anchors audit logs, and of the anchors (anchoring.py)."""
        return self.directory / "anchors"

    @property
    def anchor_key(self) -> Path:
        """Its public half, as terminals are given it."""
        return self.anchors / "key.pub.pem"

    def renewed(self, request: x509.CertificateSigningRequest, now: datetime) -> x509.Certificate:
        """A further certificate for a terminal that asks for one; whether it may is for the caller to know."""
        return self._certified(request, request.subject, now)

    def enrolled(self, request: x509.CertificateSigningRequest, terminal: str, now: datetime) -> x509.Certificate:
        """The first one of this terminal, whatever name is in the request; whether it may is for the caller to know."""
        return self._certified(request, _name("Onecard Sandbox", terminal), now)

    def _certified(
        self, request: x509.CertificateSigningRequest, subject: x509.Name, now: datetime
    ) -> x509.Certificate:
        authority = self.tls_ca.load_certificate()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.tls_ca.load_key().public_key())
        return (
            _draft(subject, request.public_key(), _tls_client(), _LEAF_LIFE, now)
            .issuer_name(authority.subject)
            .add_extension(issuer, critical=False)
            .sign(self.tls_ca.load_key(), hashes.SHA256())
        )

    def crls(self, now: datetime) -> tuple[bytes, bytes]:
        """The CRLs of the document root and of the issuing CA, DER, signed now."""
        revoked = [self.revoked_seal(agency.code).load_certificate() for agency in AGENCIES]
        return _crl(self.root, [], now), _crl(self.issuing, revoked, now)

    def intermediates(self) -> tuple[bytes, ...]:
        """The issuing CA's certificate, DER."""
        return (self.issuing.load_certificate().public_bytes(serialization.Encoding.DER),)


def make(directory: Path, *, terminals: Sequence[str], now: datetime) -> SandboxPki:
    """Make what is missing or soon expires, sign fresh CRLs. `now` is timezone-aware."""
    pki = SandboxPki(directory)
    for folder in (directory, *(directory / name for name in ("tls", "kiosks", "systems", "documents", "seals"))):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _ensure(pki.tls_ca, None, _name("Onecard Sandbox", "Sandbox TLS CA"), _authority(0), _CA_LIFE, now)
    _ensure(pki.server, pki.tls_ca, _name("Onecard Sandbox", "localhost"), _tls_server(), _LEAF_LIFE, now)
    _make_wrong_servers(pki, now)
    for terminal in terminals:
        _ensure(pki.kiosk(terminal), pki.tls_ca, _name("Onecard Sandbox", terminal), _tls_client(), _LEAF_LIFE, now)
    _ensure(pki.systems_ca, None, _name("Onecard Sandbox", "Sandbox Systems CA"), _authority(0), _CA_LIFE, now)
    for system in SYSTEMS:
        _ensure(pki.system(system), pki.systems_ca, _name("Onecard Sandbox", system), _system(system), _LEAF_LIFE, now)
    _ensure(pki.root, None, _name("示例省政务印章", "Sandbox Document Root CA"), _authority(1), _CA_LIFE, now)
    _ensure(pki.issuing, pki.root, _name("示例省政务印章", "Sandbox Issuing CA"), _intermediate(), _CA_LIFE, now)
    for agency in AGENCIES:
        name = _name(agency.name.zh, f"{agency.name.zh}电子印章")
        _ensure(pki.seal(agency.code), pki.issuing, name, _sealing(), _LEAF_LIFE, now)
        _ensure(pki.revoked_seal(agency.code), pki.issuing, name, _sealing(), _LEAF_LIFE, now)
    for file, crl in zip(("root.crl", "issuing.crl"), pki.crls(now), strict=True):
        _write(directory / "documents" / file, crl, 0o644)
    return pki


def _make_wrong_servers(pki: SandboxPki, now: datetime) -> None:
    """One thing is wrong with each."""
    long_ago, soon = now - _LEAF_LIFE - timedelta(days=1), now + timedelta(days=1)
    _ensure(pki.stranger_ca, None, _name("Onecard Sandbox", "Sandbox TLS CA"), _authority(0), _CA_LIFE, now)
    for word, issuer, names, then in (
        ("unknown-authority", pki.stranger_ca, _tls_server(), now),
        ("wrong-host", pki.tls_ca, _tls_server("platform.invalid"), now),
        ("server-expired", pki.tls_ca, _tls_server(), long_ago),
        ("server-not-yet-valid", pki.tls_ca, _tls_server(), soon),
    ):
        _ensure(pki.wrong_servers[word], issuer, _name("Onecard Sandbox", "localhost"), names, _LEAF_LIFE, then)


_Extensions = list[tuple[x509.ExtensionType, bool]]
_USAGE_BITS: Final = (
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


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*bits: str) -> tuple[x509.ExtensionType, bool]:
    return x509.KeyUsage(**{bit: bit in bits for bit in _USAGE_BITS}), True


def _authority(path_length: int) -> _Extensions:
    return [(x509.BasicConstraints(ca=True, path_length=path_length), True), _usage("key_cert_sign", "crl_sign")]


def _leaf() -> tuple[x509.ExtensionType, bool]:
    return x509.BasicConstraints(ca=False, path_length=None), True


def _tls_server(*elsewhere: str) -> _Extensions:
    here = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    names = [x509.DNSName(name) for name in elsewhere] or here
    return [
        _leaf(),
        _usage("digital_signature"),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
    ]


def _tls_client() -> _Extensions:
    return [
        _leaf(),
        _usage("digital_signature"),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    ]


def _system(name: str) -> _Extensions:
    return [
        _leaf(),
        _usage("digital_signature"),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName(system_host(name))]), False),
    ]


def _sealing() -> _Extensions:
    return [_leaf(), _usage("digital_signature", "content_commitment"), _revocable("issuing")]


def _intermediate() -> _Extensions:
    return [*_authority(0), _revocable("root")]


def _revocable(issuer: str) -> tuple[x509.ExtensionType, bool]:
    """Declares that a CRL exists. The name never resolves: CRLs reach a terminal through the platform's trust feed."""
    url = x509.UniformResourceIdentifier(f"http://crl.sandbox.invalid/{issuer}.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)]), False


def _ensure(
    subject: Credential,
    issuer: Credential | None,
    name: x509.Name,
    profile: _Extensions,
    life: timedelta,
    now: datetime,
) -> None:
    """Make `subject` unless it is there, signed by `issuer` (None: by itself) as it stands today, and lasts."""
    if _still_good(subject, issuer, now):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = key if issuer is None else issuer.load_key()
    issuer_name = name if issuer is None else issuer.load_certificate().subject
    certificate = (
        _draft(name, key.public_key(), profile, life, now)
        .issuer_name(issuer_name)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write(
        subject.key,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        0o600,
    )
    _write(subject.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _draft(
    name: x509.Name, key: CertificatePublicKeyTypes, profile: _Extensions, life: timedelta, now: datetime
) -> x509.CertificateBuilder:
    """A certificate without an issuer yet."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    for extension, critical in profile:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _still_good(subject: Credential, issuer: Credential | None, now: datetime) -> bool:
    try:
        certificate, key = subject.load_certificate(), subject.load_key()
        certificate.verify_directly_issued_by((issuer or subject).load_certificate())
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    lasts = certificate.not_valid_after_utc - now > _RENEW_BEFORE
    return lasts and certificate.public_key() == key.public_key()


def _crl(issuer: Credential, revoked: Sequence[x509.Certificate], now: datetime) -> bytes:
    key = issuer.load_key()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.load_certificate().subject)
        .last_update(now - _BACKDATED)
        .next_update(now + _CRL_LIFE)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(certificate.not_valid_before_utc)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace `path` in one step; the content is never readable under a wider mode than `mode`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    draft.replace(path)
