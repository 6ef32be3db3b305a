"""The sandbox platform at the host's end of a private network.

    python -m tests.image.sandbox_outside PKI ASSETS ADDRESS

The sandbox's own certificate is good for this machine alone; here it gets one for the address a terminal calls.
"""

import ipaddress
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.server import Settings, main

TERMINAL = "kiosk-0001"
PORT = 443


def prepare(folder: Path, address: str) -> SandboxPki:
    """Keys and certificates in `folder`; the server's is for `address`."""
    pki = make(folder, terminals=[TERMINAL], now=datetime.now(UTC))
    old, now = pki.server.load_certificate(), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        x509.CertificateBuilder(pki.tls_ca.load_certificate().subject, old.subject, old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=60))
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(old.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value, critical=False)
        .sign(pki.tls_ca.load_key(), hashes.SHA256())
    )
    pki.server.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return pki


if __name__ == "__main__":
    pki_folder, assets, here = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    main(replace(Settings(pki_folder, assets / "fonts/cut", (TERMINAL,)), host=here, port=PORT))
