"""The enrolling platform as a terminal sees it that has no certificate: three calls, and what their failures are called
here."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from kiosk.reasons import Reason, Refused
from platform_client.client import PlatformClient
from platform_client.enrolment import (
    COLLECT,
    PAIR,
    REDEEM,
    CollectCall,
    EnrolmentRefusal,
    Newcomer,
    Pairing,
    PairingCall,
    RedeemCall,
)
from platform_client.errors import PlatformError, PlatformFault
from platform_client.https import HttpsTransport
from platform_client.identity import IdentityError

_NOBODY: Final = {
    PlatformFault.UNREACHABLE,
    PlatformFault.SLOW,
    PlatformFault.DRIPPING,
    PlatformFault.OVERLOADED,
    PlatformFault.RESTING,
    PlatformFault.TRUNCATED,
    PlatformFault.FAILED,
}
_CLOCK: Final = {
    PlatformFault.CLOCK_SKEW,
    PlatformFault.CERTIFICATE_EXPIRED,
    PlatformFault.CERTIFICATE_NOT_YET_VALID,
}
_REFUSALS: Final = {
    EnrolmentRefusal.ORDER_UNKNOWN: Reason.ENROLMENT_REFUSED,
    EnrolmentRefusal.ORDER_EXPIRED: Reason.ENROLMENT_EXPIRED,
    EnrolmentRefusal.TOKEN_SPENT: Reason.ENROLMENT_TAKEN,
    EnrolmentRefusal.PAIRING_UNKNOWN: Reason.ENROLMENT_CODE_EXPIRED,
    EnrolmentRefusal.CODE_REFUSED: Reason.ENROLMENT_REFUSED,
    EnrolmentRefusal.CODE_EXPIRED: Reason.ENROLMENT_CODE_EXPIRED,
}


class Registry:
    """At `url`, under the CA `authority` (PEM). All calls raise Refused."""

    def __init__(self, url: str, authority: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Raises Refused."""
        try:
            newcomer = Newcomer(authority)
        except IdentityError as error:
            raise Refused(Reason.ENROLMENT_NOT_TRUSTED, str(error)) from None
        self._client = PlatformClient(HttpsTransport(url, newcomer), now=now)

    async def redeem(self, order: str, token: str, request: bytes, audit_key: bytes) -> x509.Certificate:
        try:
            redeemed = await self._client.call(REDEEM, RedeemCall(order, token, request, audit_key))
        except PlatformError as error:
            raise _named(error) from None
        return _certificate(redeemed.certificate)

    async def pair(self, request: bytes, audit_key: bytes) -> Pairing:
        try:
            return await self._client.call(PAIR, PairingCall(request, audit_key))
        except PlatformError as error:
            raise _named(error) from None

    async def collect(self, pairing: str) -> tuple[bytes, x509.Certificate] | None:
        """The order as signed, and the certificate; None while nobody has decided."""
        try:
            granted = (await self._client.call(COLLECT, CollectCall(pairing))).granted
        except PlatformError as error:
            raise _named(error) from None
        return None if granted is None else (granted.order, _certificate(granted.certificate))

    async def close(self) -> None:
        await self._client.close()


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise Refused(Reason.ENROLMENT_ANSWER_FOREIGN, "what the platform gave is no certificate") from None


def _named(error: PlatformError) -> Refused:
    if error.kind in _NOBODY:
        return Refused(Reason.ENROLMENT_NO_PLATFORM, str(error))
    if error.kind in _CLOCK:
        return Refused(Reason.ENROLMENT_CLOCK, str(error))
    if error.kind is PlatformFault.REFUSED:
        known = {refusal.value: reason for refusal, reason in _REFUSALS.items()}
        return Refused(known.get(error.detail, Reason.ENROLMENT_REFUSED), str(error))
    return Refused(Reason.ENROLMENT_NOT_TRUSTED, str(error))
