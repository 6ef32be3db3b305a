"""Whether a technician could be let in: the CA of their cards and its revocation list, before either ends.

Never more than a warning: citizens are served all the same.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from kiosk.health.findings import Finding, ok, warn
from kiosk.maintenance.credential import NotLetIn, TechnicianTrust, issuers_in
from kiosk.profile import Profile

SOON: Final = timedelta(days=2)
PART: Final = "technicians' cards"
_REMEDY: Final = "bring the CA's new certificate or revocation list: docs/maintenance.md"


def examine(profile: Profile, now: datetime) -> list[Finding]:
    """Nothing for a terminal without a way in. Only files are read."""
    settings = profile.maintenance
    if settings is None:
        return []
    try:
        until = TechnicianTrust(issuers_in(settings.ca), settings.crls).good_until(now)
    except NotLetIn as denied:
        return [warn(PART, f"nobody is let in: {denied.why.value}", _REMEDY)]
    except (OSError, ValueError, x509.ExtensionNotFound):
        return [warn(PART, f"{settings.ca}: no CA's certificates", _REMEDY)]
    if until - now < SOON:
        return [warn(PART, f"nobody is let in from {until:%Y-%m-%d %H:%M} UTC on", _REMEDY)]
    return [ok(PART, f"good until {until:%Y-%m-%d}")]
