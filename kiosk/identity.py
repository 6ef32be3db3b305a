"""Who this terminal is to the platform, as the profile says: certificate, key, login; and a further certificate before
the present one ends."""

import logging
from typing import Final

from kiosk.audit.log import AuditLog
from kiosk.clock import Clock
from kiosk.profile import Platform
from kiosk.reasons import Refused
from platform_client import credentials
from platform_client.client import PlatformClient
from platform_client.credentials import CredentialError
from platform_client.device_key import DeviceKey, DeviceKeyError, FileKey, TokenKey
from platform_client.errors import PlatformError
from platform_client.identity import DeviceIdentity, IdentityError
from platform_client.login import Account, DataCallKey, Login
from platform_client.renewal import NotRenewed, is_due, renew

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 6 * 3600.0


def device_identity(settings: Platform) -> DeviceIdentity:
    """The certificate with its key, from a private file or a token. Raises IdentityError."""
    try:
        return DeviceIdentity(settings.certificate, _key(settings), settings.ca)
    except (CredentialError, DeviceKeyError) as error:
        raise IdentityError(str(error)) from None


def _key(settings: Platform) -> DeviceKey:
    if settings.pkcs11_module is None or settings.pin is None:
        return FileKey(credentials.file(settings.key))
    return TokenKey(settings.key, settings.pkcs11_module, credentials.line(settings.pin))


def platform_login(settings: Platform) -> Login | None:
    """A key where one is configured, else account and password: which of them is never the platform's choice (C13).

    Raises CredentialError, and ValueError for a secret that is none.
    """
    if settings.data_call_key is not None:
        return DataCallKey(credentials.line(settings.data_call_key))
    if settings.account is not None and settings.password is not None:
        return Account(settings.account, credentials.line(settings.password))
    return None


async def keep_valid(client: PlatformClient, identity: DeviceIdentity, clock: Clock, audit: AuditLog) -> None:
    """For as long as the terminal runs: a month before its certificate ends, asks for the next, until it has it."""
    while True:
        if is_due(identity, clock.now()):
            try:
                await _renew(client, identity, audit)
            except Refused as refused:
                log.warning("renewing the terminal's certificate was not recorded: %s", refused.detail)
        await clock.sleep(LOOK_EVERY_S)


async def _renew(client: PlatformClient, identity: DeviceIdentity, audit: AuditLog) -> None:
    """Raises Refused when the audit log cannot keep what became of it."""
    try:
        await renew(client, identity)
    except (PlatformError, NotRenewed, IdentityError, DeviceKeyError, OSError) as error:
        log.warning("the terminal's certificate was not renewed: %s", error)
        audit.record("identity.not-renewed", why=type(error).__name__, until=identity.not_after.isoformat())
    else:
        audit.record("identity.renewed", until=identity.not_after.isoformat())
