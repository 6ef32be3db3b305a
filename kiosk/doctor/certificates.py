"""Certificates of the device and of those whom it believes: readable, belonging together, valid for long enough."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from hardware.cards.emrtd.trust import TrustAnchors
from kiosk.china_time import china_date
from kiosk.doctor import technicians
from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.identity import device_identity, platform_login
from kiosk.profile import Profile
from platform_client.credentials import CredentialError
from platform_client.identity import IdentityError

SOON: Final = timedelta(days=30)


def examine(profile: Profile, now: datetime) -> list[Finding]:
    """`now` is aware."""
    return [
        _device(profile),
        *_login(profile),
        *validity(profile, now),
        *_country_signers(profile, now),
    ]


def validity(profile: Profile, now: datetime) -> list[Finding]:
    """Only files are read: for a desk that looks again and again."""
    return [
        *_validity(
            "device certificate", profile.platform.certificate, now, "ask the platform's operator for a new one"
        ),
        *_validity("platform CA", profile.platform.ca, now, "ask the platform's operator for the new one"),
        *_validity("root of all seals", profile.trust.root, now, "ask the platform's operator for the new one"),
        *technicians.examine(profile, now),
    ]


def _device(profile: Profile) -> Finding:
    platform = profile.platform
    try:
        identity = device_identity(platform)
    except IdentityError as error:
        return fail("device identity", str(error), "put certificate, key and CA in place again")
    if identity.terminal != profile.terminal.id:
        says = f"the certificate is for {identity.terminal}, the profile for {profile.terminal.id}"
        return fail("device identity", says, "correct terminal.id, or ask for a certificate of this terminal")
    return ok("device identity", f"{identity.terminal}, certificate and key belong together")


def _login(profile: Profile) -> list[Finding]:
    """Whether the secret that the profile names can be had; nobody is asked whether it is the right one."""
    part = "platform login"
    try:
        login = platform_login(profile.platform)
    except (CredentialError, ValueError) as error:
        return [fail(part, str(error), "put the secret where the profile says")]
    return [] if login is None else [ok(part, "a data-call key" if profile.platform.data_call_key else "a password")]


def _validity(part: str, file: Path, now: datetime, remedy: str) -> list[Finding]:
    try:
        certificates = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        return [fail(part, f"{file}: {error.strerror}", "put it in place again")]
    except ValueError:
        return [fail(part, f"{file}: no PEM certificate", "put it in place again")]
    return [_one_validity(part, certificate, now, remedy) for certificate in certificates]


def _one_validity(part: str, certificate: x509.Certificate, now: datetime, remedy: str) -> Finding:
    until = certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        return fail(part, f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d}", "is the clock right?")
    if until < now:
        return fail(part, f"expired on {until:%Y-%m-%d}", remedy)
    if until - now < SOON:
        return warn(part, f"expires on {until:%Y-%m-%d}", remedy)
    return ok(part, f"valid until {until:%Y-%m-%d}")


def _country_signers(profile: Profile, now: datetime) -> list[Finding]:
    """Only a terminal that reads travel documents has any."""
    part, folder = "country signing CAs", profile.reader.trust
    if folder is None:
        return []
    try:
        anchors = TrustAnchors.load(folder, china_date(now))
    except OSError as error:
        return [fail(part, f"{folder}: {error.strerror}", "import a master list")]
    refused = [warn(part, f"not believed: {why}", "replace or remove it") for why in anchors.refused]
    if not anchors:
        return [*refused, fail(part, f"none in {folder}: no travel document is believed", "import a master list")]
    return [*refused, ok(part, f"{len(anchors)} are believed")]
