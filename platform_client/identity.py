"""Who this terminal is on the wire and whom it believes: a client certificate and one pinned platform CA (C01).

TLS 1.3 only, mutual, no system trust store: a certificate that any public authority signed means nothing here. The
certificate can be exchanged while the terminal runs (renewal.py); the key behind it stays.
"""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from platform_client.device_key import DeviceKey, DeviceKeyError, FileKey


class IdentityError(Exception):
    """The certificate, key or CA cannot be used; says which file and why, never what is in a key."""


class DeviceIdentity:
    """The terminal's certificate with its P-256 key (a PEM file, or what stands for one) and the CA of the platform."""

    def __init__(self, certificate: Path, key: Path | DeviceKey, platform_ca: Path) -> None:
        self.certificate = certificate
        self.platform_ca = platform_ca
        try:
            self._key = FileKey(key) if isinstance(key, Path) else key
            self._authorities = x509.load_pem_x509_certificates(platform_ca.read_bytes())
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3
            self.context.verify_flags |= ssl.VERIFY_X509_STRICT
            self.context.load_verify_locations(platform_ca)
        except DeviceKeyError as error:
            raise IdentityError(str(error)) from None
        except OSError as error:  # ssl.SSLError is one too
            raise IdentityError(f"{platform_ca.name}: {error.strerror or type(error).__name__}") from None
        except ValueError:
            raise IdentityError(f"{platform_ca.name} is not the PEM file it should be") from None
        self.reload()

    def reload(self) -> None:
        """Takes the certificate as it is now; connections that stand keep the former one. Raises IdentityError."""
        try:
            shown = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            self._key.serve(self.context, self.certificate)
        except DeviceKeyError as error:
            raise IdentityError(str(error)) from None
        except OSError as error:
            raise IdentityError(f"{self.certificate.name}: {error.strerror or type(error).__name__}") from None
        except ValueError:
            raise IdentityError(f"{self.certificate.name} is not the PEM file it should be") from None
        self._shown = shown
        self.terminal = _common_name(shown)

    @property
    def shown(self) -> x509.Certificate:
        """The certificate that is shown now."""
        return self._shown

    @property
    def not_after(self) -> datetime:
        return self._shown.not_valid_after_utc

    @property
    def thumbprint(self) -> bytes:
        """SHA-256 of the certificate, DER."""
        return self._shown.fingerprint(hashes.SHA256())

    @property
    def authorities(self) -> list[x509.Certificate]:
        """The pinned platform CA."""
        return self._authorities

    @property
    def key(self) -> DeviceKey:
        return self._key

    def sign(self, document: bytes) -> bytes:
        """ECDSA P-256 with SHA-256 over `document`: r ‖ s, 32 octets each (RFC 7518, section 3.4)."""
        return self._key.sign(document)

    def __repr__(self) -> str:
        return f"DeviceIdentity({self.terminal})"


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise IdentityError("the device certificate does not name exactly one terminal")
    return str(names[0].value)
