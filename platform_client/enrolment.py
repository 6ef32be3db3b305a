"""How a terminal that is nobody yet becomes one: by a token that it was brought, or by a code that it shows.

The second is the device flow of OAuth (RFC 8628) with certificates in place of tokens: the terminal asks, shows the
code and the fingerprint of its key, a person who sees both approves them at the platform, and the terminal, which asks
again and again, collects what it is to be. It shows no certificate of its own here, for it has none: these calls go to
a door of their own. What a terminal collects is an order that its operator signed, opaque here, and a certificate for
its key. The key is the terminal's name until it has another: whoever asks twice with the same key asks the same thing.
"""

import ssl
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from platform_client.binding import Message
from platform_client.identity import IdentityError
from platform_client.operation import Ask
from platform_client.refusal import RefusalCode
from platform_client.renewal import is_for_a_client, is_signed_by

CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Of a pairing code: none that could be another, and no word comes of them (RFC 8628, section 6.1)."""


class RedeemCall(Message, frozen=True):
    """`order` and `token` as the signed order holds them. `request`: PKCS#10, DER. `audit_key`: the public key that
    will sign the terminal's audit log, SubjectPublicKeyInfo, DER."""

    order: str
    token: str
    request: bytes
    audit_key: bytes


class Redeemed(Message, frozen=True):
    """`certificate`: X.509, DER."""

    certificate: bytes


class PairingCall(Message, frozen=True):
    """As in a `RedeemCall`; the request names no terminal."""

    request: bytes
    audit_key: bytes


class Pairing(Message, frozen=True):
    """`pairing`: by which to collect; a secret. `code`: what a person types, until `until`. `every_s`: how long to wait
    between two questions."""

    pairing: str
    code: str
    until: datetime
    every_s: int


class CollectCall(Message, frozen=True):
    pairing: str


class Granted(Message, frozen=True):
    """`order`: as the operator signed it. `certificate`: X.509, DER."""

    order: bytes
    certificate: bytes


class Collected(Message, frozen=True):
    """`granted` is absent while nobody has decided."""

    granted: Granted | None = None


REDEEM: Final = Ask("redeem", "/v1/enrolment/token", RedeemCall, Redeemed, repeatable=True)
PAIR: Final = Ask("pair", "/v1/enrolment/pairing", PairingCall, Pairing, repeatable=True)
COLLECT: Final = Ask("collect", "/v1/enrolment/collect", CollectCall, Collected, repeatable=True)


class EnrolmentRefusal(RefusalCode):
    """With 403."""

    ORDER_UNKNOWN = "order-unknown"
    """No such order, or not this token."""
    ORDER_EXPIRED = "order-expired"
    TOKEN_SPENT = "token-spent"
    """Another key was here with this token."""
    PAIRING_UNKNOWN = "pairing-unknown"
    CODE_REFUSED = "code-refused"
    """A person said no."""
    CODE_EXPIRED = "code-expired"


class Newcomer:
    """What a terminal shows before it has a certificate: nothing. It believes one CA, as it always will."""

    thumbprint: Final = b""

    def __init__(self, authority: str) -> None:
        """`authority`: PEM. Raises IdentityError."""
        try:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3
            self.context.verify_flags |= ssl.VERIFY_X509_STRICT
            self.context.load_verify_locations(cadata=authority)
        except (ssl.SSLError, ValueError):
            raise IdentityError("the CA of the enrolling platform is not the PEM file it should be") from None


class NotOurs(Exception):
    """The certificate is not the one that this terminal waits for; says in what."""


class NotNow(NotOurs):
    """It is the right one, at the wrong time."""


def check(certificate: x509.Certificate, public: bytes, terminal: str, authority: bytes, now: datetime) -> None:
    """Whether it is for this key (SubjectPublicKeyInfo, DER) and this terminal, for a client, signed by this CA (PEM),
    and valid. Raises NotOurs."""
    try:
        _check(certificate, public, terminal, authority, now)
    except (ValueError, UnsupportedAlgorithm):
        raise NotOurs("the certificate cannot be read") from None


def _check(certificate: x509.Certificate, public: bytes, terminal: str, authority: bytes, now: datetime) -> None:
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public:
        raise NotOurs("the certificate is for another key")
    if names != [terminal]:
        raise NotOurs(f"the certificate is for {', '.join(names) or 'nobody'}, the order for {terminal}")
    if not is_for_a_client(certificate):
        raise NotOurs("the certificate is not for a client")
    if not is_signed_by(certificate, x509.load_pem_x509_certificates(authority)):
        raise NotOurs("the platform's CA in the order did not sign the certificate")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= now <= ends:
        raise NotNow(f"the certificate is valid from {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}")
