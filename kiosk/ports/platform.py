"""The platform port: every call takes evidence, never a number; every fault is a refusal.

The list of kinds comes from the platform; which of them this terminal prints, and whose seal each must carry, is pinned in its profile
(C18). A kind the profile does not name is not offered, whatever the platform says.
"""

import secrets
from collections.abc import Mapping

from hardware.cards.reading import CardReading
from kiosk.clock import Clock
from kiosk.evidence import IssueRequest, show
from kiosk.pages import Kind, Offer, Text
from kiosk.profile import Certificate
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch
from platform_client.client import IssueCall, PlatformClient
from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity
from platform_client.kinds import Bilingual, CertificateKind

_REASONS = {
    PlatformFault.UNREACHABLE: Reason.PLATFORM_UNREACHABLE,
    PlatformFault.SLOW: Reason.PLATFORM_SLOW,
    PlatformFault.REFUSED: Reason.PLATFORM_REFUSED,
    PlatformFault.ANSWER_INVALID: Reason.PLATFORM_ANSWER_INVALID,
    PlatformFault.NOT_TRUSTED: Reason.PLATFORM_ANSWER_INVALID,
}
