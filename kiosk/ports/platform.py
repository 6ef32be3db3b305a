"""The platform port: every call takes evidence, never a number; every fault is a refusal.

The list of kinds comes from the platform; which of them this terminal prints, and whose seal each must carry, is pinned
in its profile (C18). A kind the profile does not name is not offered, whatever the platform says.
"""

import math
import secrets
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from hardware.cards.reading import CardReading, Portrait, UnknownEncoding
from kiosk.clock import Clock
from kiosk.evidence import IssueRequest, Station
from kiosk.pages import Kind, Offer, Text
from kiosk.profile import Certificate
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch
from platform_client import certificates
from platform_client.certificates import IssueCall, KindsQuery
from platform_client.client import PlatformClient
from platform_client.device_key import DeviceKeyError
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import Evidence, SignedEvidence, Signer
from platform_client.kinds import Bilingual, CertificateKind
from platform_client.portraits import PORTRAIT, PortraitQuery
from platform_client.ratings import RATE, Rating

Answer = TypeVar("Answer")

_REASONS = {
    PlatformFault.UNREACHABLE: Reason.PLATFORM_UNREACHABLE,
    PlatformFault.OVERLOADED: Reason.PLATFORM_UNREACHABLE,
    PlatformFault.FAILED: Reason.PLATFORM_UNREACHABLE,
    PlatformFault.RESTING: Reason.PLATFORM_RESTING,
    PlatformFault.SLOW: Reason.PLATFORM_SLOW,
    PlatformFault.DRIPPING: Reason.PLATFORM_SLOW,
    PlatformFault.UNKNOWN_AUTHORITY: Reason.PLATFORM_NOT_TRUSTED,
    PlatformFault.WRONG_HOST: Reason.PLATFORM_NOT_TRUSTED,
    PlatformFault.CERTIFICATE_EXPIRED: Reason.PLATFORM_NOT_TRUSTED,
    PlatformFault.TLS_TOO_OLD: Reason.PLATFORM_NOT_TRUSTED,
    PlatformFault.TLS_BROKEN: Reason.PLATFORM_NOT_TRUSTED,
    PlatformFault.CERTIFICATE_NOT_YET_VALID: Reason.CLOCK_WRONG,
    PlatformFault.CLOCK_SKEW: Reason.CLOCK_WRONG,
    PlatformFault.TERMINAL_REFUSED: Reason.TERMINAL_NOT_ADMITTED,
    PlatformFault.KEY_REFUSED: Reason.TERMINAL_NOT_ADMITTED,
    PlatformFault.REFUSED: Reason.PLATFORM_REFUSED,
    PlatformFault.INCOMPLETE: Reason.PLATFORM_INCOMPLETE,
    PlatformFault.OTHER_REQUEST: Reason.PLATFORM_ANSWER_FOREIGN,
    PlatformFault.WRONG_NONCE: Reason.PLATFORM_ANSWER_FOREIGN,
    PlatformFault.OTHER_PERSON: Reason.PLATFORM_ANSWER_FOREIGN,
}
"""Every other fault: an answer that cannot be trusted."""


class PlatformPort:
    """The desk's `Platform`, over the typed client and with this terminal's identity."""

    def __init__(
        self,
        client: PlatformClient,
        signer: Signer,
        station: Station,
        pins: Mapping[str, Certificate],
        clock: Clock,
    ) -> None:
        self._client = client
        self._signer = signer
        self._station = station
        self._pins = pins
        self._clock = clock

    async def kinds(self) -> tuple[Offer, ...]:
        """What this terminal can print for anybody. Raises Refused."""
        return self._offers((await self._refusing(self._client.fetch(certificates.KINDS))).kinds)

    async def kinds_for(self, card: CardReading, match: LiveMatch) -> tuple[Offer, ...]:
        """What it can print for this person. Raises Refused."""
        query = KindsQuery(self._evidence(card, match, secrets.token_hex(16), secrets.token_hex(16)))
        return self._offers((await self._refusing(self._client.call(certificates.KINDS_FOR, query))).kinds)

    async def portrait(self, card: CardReading) -> Portrait:
        """The registered portrait of the holder of this card. Raises Refused."""
        request_id, nonce = secrets.token_hex(16), secrets.token_hex(16)
        evidence = self._station.show_card(card, request_id=request_id, nonce=nonce, at=self._clock.now())
        query = PortraitQuery(self._signed(evidence))
        given = await self._refusing(self._client.call(PORTRAIT, query))
        try:
            return Portrait.detect(given.picture)
        except UnknownEncoding:
            raise Refused(Reason.PLATFORM_ANSWER_INVALID, "a portrait of an unknown encoding") from None

    async def issue(self, request: IssueRequest) -> bytes:
        """The sealed certificate, as the platform gave it: nothing about it is believed yet. Raises Refused."""
        evidence = self._evidence(request.card, request.match, request.request_id, request.nonce)
        call = IssueCall(evidence, request.offer.kind.code)
        return (await self._refusing(self._client.call(certificates.ISSUE, call))).document

    async def rate(self, request: IssueRequest, stars: int) -> None:
        """One to five for this issue. Raises Refused."""
        await self._refusing(self._client.call(RATE, Rating(request.request_id, stars)))

    async def _refusing(self, call: Awaitable[Answer]) -> Answer:
        try:
            return await call
        except PlatformError as error:
            reason = _REASONS.get(error.kind, Reason.PLATFORM_ANSWER_INVALID)
            raise Refused(reason, str(error), again_at=self._again_at(error)) from None

    def _again_at(self, error: PlatformError) -> datetime | None:
        """When a platform that is left alone is asked again, to the second."""
        if error.retry_in_s is None:
            return None
        return self._clock.now().replace(microsecond=0) + timedelta(seconds=math.ceil(error.retry_in_s))

    def _evidence(self, card: CardReading, match: LiveMatch, request_id: str, nonce: str) -> SignedEvidence:
        return self._signed(self._station.show(card, match, request_id=request_id, nonce=nonce, at=self._clock.now()))

    def _signed(self, evidence: Evidence) -> SignedEvidence:
        try:
            return evidence.signed(self._signer)
        except DeviceKeyError as error:  # a token that was pulled, or has locked itself
            raise Refused(Reason.INTERNAL, str(error)) from None

    def _offers(self, kinds: tuple[CertificateKind, ...]) -> tuple[Offer, ...]:
        return tuple(
            Offer(_shown(kind), self._pins[kind.code].seal, kind.single_subject)
            for kind in kinds
            if kind.code in self._pins
        )


def _shown(kind: CertificateKind) -> Kind:
    return Kind(kind.code, _text(kind.title), _text(kind.note), _text(kind.agency), kind.icon)


def _text(text: Bilingual) -> Text:
    return Text(text.zh, text.en)
