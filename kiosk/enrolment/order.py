"""What a terminal is to be, in its operator's words: one JWS that holds everything (kiosk.fleet.operator).

An order names a terminal and brings its signed profile, the roots it is to trust, and perhaps a token that may be
spent once at the platform. It counts for some days. What it never brings is the key that signs orders: that is in the
image.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Meta, Struct

from kiosk.enrolment.settings import Settings
from kiosk.enrolment.site import AUDIT_KEY, CERTIFICATE, DEVICE_KEY, ORDER, PIN, Site
from kiosk.fleet import operator, signed_profile
from kiosk.fleet.operator import Operator, OrderRefused, Refusal
from kiosk.fleet.signed_profile import SignedProfile
from kiosk.profile import Profile, parse
from kiosk.reasons import Reason, Refused
from platform_client.device_key import DeviceKey
from platform_client.token import KEY
from platform_client.transport import require_https

TYPE: Final = "onecard-kiosk-enrolment+jws"
CLOCKS_DIFFER: Final = timedelta(minutes=10)
_NAME: Final = re.compile(r"(?!credentials/|device/)([a-z0-9][a-z0-9._-]{0,63}/)?[a-z0-9][a-z0-9._-]{0,59}\.pem")
"""Of a file that an order may bring: nothing of these can stand where something of the terminal's own does."""
_Instant = Annotated[datetime, Meta(tz=True)]
_Hex128 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class EnrolmentOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`order`: its own name. `profile`: a signed profile of this terminal. `files`: PEM, by the names under which the
    profile looks for them. `token` is spent at `url`."""

    order: _Hex128
    terminal: str
    issued_at: _Instant
    expires_at: _Instant
    profile: str
    files: dict[str, str]
    url: str | None = None
    token: _Hex128 | None = None

    def __repr__(self) -> str:
        return f"EnrolmentOrder({self.terminal}, {self.order[:8]}…)"


class Believed:
    """An order that the operator signed for a terminal, and that fits this machine. Made by `believe`."""

    def __init__(self, jws: bytes, order: EnrolmentOrder, profile: Profile, text: str) -> None:
        self.jws = jws
        self.order = order
        self.profile = profile
        self.text = text

    @property
    def terminal(self) -> str:
        return self.order.terminal

    @property
    def authority(self) -> bytes:
        """PEM of the platform's CA, which signs the terminal's certificate."""
        return self.order.files[self.profile.platform.ca.name].encode()


def write(
    profile: str,
    version: int,
    files: Mapping[str, str],
    key: DeviceKey,
    now: datetime,
    lasts: timedelta,
    url: str | None = None,
) -> bytes:
    """An order for the terminal of this profile, with a token if it may be redeemed at `url`. Raises ProfileError, and
    ValueError for what no terminal would take."""
    now = now.astimezone(UTC).replace(microsecond=0)
    for name in files:
        _checked(name)
    if url is not None:
        require_https(url)
    signed = signed_profile.sign(profile, version, now, key)
    terminal = parse(profile, Path("profile")).terminal.id
    token = None if url is None else secrets.token_hex(16)
    order = EnrolmentOrder(
        secrets.token_hex(16), terminal, now, now + lasts, signed.decode("ascii").strip(), dict(files), url, token
    )
    return operator.sign(order, TYPE, key)


def believe(jws: bytes, pinned: Operator, settings: Settings, now: datetime) -> Believed:
    """Raises Refused: whose order it is, from when to when it counts, and whether it fits."""
    try:
        order = pinned.words(jws, TYPE, EnrolmentOrder)
        signed, profile = signed_profile.verify(order.profile.encode(), pinned, order.terminal)
    except OrderRefused as refused:
        foreign = refused.refusal is Refusal.WRONG_SIGNER
        unfit = refused.refusal in (Refusal.NO_PROFILE, Refusal.OTHER_TERMINAL)
        reason = Reason.ENROLMENT_UNFIT if unfit else Reason.ENROLMENT_STICK
        raise Refused(Reason.ENROLMENT_FOREIGN if foreign else reason, str(refused)) from None
    if now < order.issued_at - CLOCKS_DIFFER:
        raise Refused(
            Reason.ENROLMENT_CLOCK, f"signed on {order.issued_at:%Y-%m-%d %H:%M}, now is {now:%Y-%m-%d %H:%M}"
        )
    if now >= order.expires_at:
        raise Refused(
            Reason.ENROLMENT_EXPIRED, f"the order for {order.terminal} expired on {order.expires_at:%Y-%m-%d}"
        )
    unfit_because = _misfit(profile, order, settings)
    if unfit_because is not None:
        raise Refused(Reason.ENROLMENT_UNFIT, f"{order.terminal}: {unfit_because}")
    return Believed(jws, order, profile, signed.profile)


def installed_version(profile: Path, pinned: Operator) -> int:
    """Of the profile at this path, by the order that put it there (kiosk.enrolment.site); 0: none did. Raises
    OrderRefused or OSError."""
    try:
        jws = profile.resolve().with_name(ORDER).read_bytes()
    except FileNotFoundError:
        return 0
    order = pinned.words(jws, TYPE, EnrolmentOrder)
    return pinned.words(order.profile.encode(), signed_profile.TYPE, SignedProfile).version


def _misfit(profile: Profile, order: EnrolmentOrder, settings: Settings) -> str | None:
    """What in it would not work on this machine: better said now than by a desk that does not start."""
    current = Site(settings.site).current
    platform, token = profile.platform, settings.key.pkcs11_module
    key = DEVICE_KEY if token is None else f"pkcs11:token={settings.key.token};object={KEY}"
    pin = None if token is None else PIN
    for name, said, wanted in (
        ("run", profile.run, settings.run),
        ("audit_key", profile.audit_key, AUDIT_KEY),
        ("platform.certificate", platform.certificate, current / CERTIFICATE),
        ("platform.key", platform.key, key),
        ("platform.pkcs11_module", platform.pkcs11_module, token),
        ("platform.pin", platform.pin, pin),
        ("fleet.operator", profile.fleet.operator or settings.operator, settings.operator),
    ):
        if said != wanted:
            return f"its profile says {name} = {said}, on this machine it is {wanted}"
    for name, file in (("platform.ca", platform.ca), ("trust.root", profile.trust.root)):
        if file.parent != current or file.name not in order.files:
            return f"its profile looks for {name} at {file}, and the order does not bring it there"
    brought = {current / name for name in order.files} | {current / CERTIFICATE}
    for path in _paths(profile):
        if path.is_relative_to(current) and not any(file.is_relative_to(path) for file in brought):
            return f"its profile names {path}, and the order does not bring it"
    try:
        for name, content in order.files.items():
            _checked(name)
            _pem(content)
        for name in (platform.ca.name, profile.trust.root.name):
            x509.load_pem_x509_certificates(order.files[name].encode())
        if order.url is not None:
            require_https(order.url)
    except (ValueError, UnsupportedAlgorithm) as error:
        return f"{name}: {error}"
    return None


def _paths(settings: Struct) -> Iterator[Path]:
    """Every file and folder that is named anywhere in a profile."""
    for value in msgspec.structs.astuple(settings):
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Path):
                yield each
            elif isinstance(each, Struct):
                yield from _paths(each)


def _pem(content: str) -> None:
    """Certificates, a revocation list or a public key. Raises ValueError."""
    if "BEGIN X509 CRL" in content:
        x509.load_pem_x509_crl(content.encode())
    elif "BEGIN PUBLIC KEY" in content:
        load_pem_public_key(content.encode())
    else:
        x509.load_pem_x509_certificates(content.encode())


def _checked(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not the name of a file that an order may bring")
