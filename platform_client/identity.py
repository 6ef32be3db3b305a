"""Who this terminal is on the wire and whom it believes: a client certificate and one pinned platform CA (C01).

TLS 1.3 only, mutual, no system trust store: a certificate that any public authority signed means nothing here.
"""

import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID


class IdentityError(Exception):
    """The certificate, key or CA cannot be used; says which file and why, never what is in a key."""


class DeviceIdentity:
    """The terminal's certificate with its P-256 key, and the CA of the platform (PEM files)."""

    def __init__(self, certificate: Path, key: Path, platform_ca: Path) -> None:
        try:
            device = x509.load_pem_x509_certificate(certificate.read_bytes())
            private = serialization.load_pem_private_key(key.read_bytes(), password=None)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            context.load_verify_locations(platform_ca)
            context.load_cert_chain(certificate, key)
        except OSError as error:  # ssl.SSLError is one too
            file = Path(error.filename).name if error.filename else "certificate, key or platform CA"
            raise IdentityError(f"{file}: {error.strerror or type(error).__name__}") from None
        except (ValueError, TypeError):
            raise IdentityError(f"{certificate.name} or {key.name} is not the PEM file it should be") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise IdentityError(f"{key.name} is not an EC P-256 key")
        self._key = private
        self.context = context
        self.terminal = _common_name(device)
        self.thumbprint = device.fingerprint(hashes.SHA256())
        self.not_after = device.not_valid_after_utc

    def sign(self, document: bytes) -> bytes:
        """ECDSA P-256 with SHA-256 over `document`: r ‖ s, 32 octets each (RFC 7518, section 3.4)."""
        r, s = decode_dss_signature(self._key.sign(document, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"DeviceIdentity({self.terminal})"


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise IdentityError("the device certificate does not name exactly one terminal")
    return str(names[0].value)
