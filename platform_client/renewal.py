"""A new certificate before the old one ends: the same key, the same name, a further while.

The request is a PKCS#10 (RFC 2986) signed by the key wherever it is, a token included. What comes back is believed only
if it is for this key and this terminal, signed by the pinned CA, fit for a client and longer valid than the present
one; then its file is replaced in one step, so that a power cut leaves the one or the other. The key is not changed: a
key and a certificate cannot both be replaced in one step, and a key in a token does not wear out with a date.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import algos, csr, keys
from asn1crypto import x509 as asn1_x509
from asn1crypto.algos import DSASignature
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from platform_client.binding import Message
from platform_client.client import PlatformClient
from platform_client.device_key import DeviceKey
from platform_client.identity import DeviceIdentity
from platform_client.operation import Ask

RENEW_BEFORE: Final = timedelta(days=30)


class RenewalCall(Message, frozen=True):
    """`request`: PKCS#10, DER."""

    request: bytes


class Renewed(Message, frozen=True):
    """`certificate`: X.509, DER."""

    certificate: bytes


RENEW: Final = Ask("renew", "/v1/terminal/certificate", RenewalCall, Renewed, repeatable=True)


class NotRenewed(Exception):
    """What came back is no certificate to go on with."""


def is_due(identity: DeviceIdentity, now: datetime) -> bool:
    return identity.not_after - now < RENEW_BEFORE


async def renew(client: PlatformClient, identity: DeviceIdentity) -> None:
    """Asks for a new certificate, puts it in place and takes it. Raises PlatformError, NotRenewed or OSError."""
    answer = await client.call(RENEW, RenewalCall(signing_request(identity.shown.subject, identity.key)))
    try:
        certificate = x509.load_der_x509_certificate(answer.certificate)
    except ValueError:
        raise NotRenewed("it is no certificate") from None
    _check(certificate, identity)
    file = identity.certificate
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("wb") as written:
        written.write(certificate.public_bytes(Encoding.PEM))
        written.flush()
        os.fsync(written.fileno())
    draft.replace(file)
    identity.reload()


def signing_request(subject: x509.Name, key: DeviceKey) -> bytes:
    """A PKCS#10 for this name and key, DER. By hand, for the key may be one that only signs."""
    information = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1_x509.Name.load(subject.public_bytes()),
            "subject_pk_info": keys.PublicKeyInfo.load(key.public),
            "attributes": csr.CRIAttributes([]),
        }
    )
    signature = key.sign(information.dump())
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    request = csr.CertificationRequest(
        {
            "certification_request_info": information,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": DSASignature({"r": r, "s": s}).dump(),
        }
    )
    der: bytes = request.dump()
    return der


def _check(certificate: x509.Certificate, identity: DeviceIdentity) -> None:
    present = identity.shown
    if certificate.public_key() != present.public_key():
        raise NotRenewed("it is for another key")
    if certificate.subject != present.subject:
        raise NotRenewed("it is for another terminal")
    if certificate.not_valid_after_utc <= present.not_valid_after_utc:
        raise NotRenewed("it ends no later than the present one")
    if not is_for_a_client(certificate):
        raise NotRenewed("it is not for a client")
    if not is_signed_by(certificate, identity.authorities):
        raise NotRenewed("the pinned CA did not sign it")


def is_for_a_client(certificate: x509.Certificate) -> bool:
    """Whether it says so (RFC 5280, section 4.2.1.12)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def is_signed_by(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> bool:
    """Whether one of them signed it."""
    for authority in authorities:
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
