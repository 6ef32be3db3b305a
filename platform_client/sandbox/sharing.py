"""The service-sharing platform: what a terminal may ask for, granted by evidence and handed on to its maker (A01)."""

from collections.abc import Callable
from datetime import date, datetime

from platform_client import certificates
from platform_client.certificates import IssueCall, Issued, Kinds, KindsQuery, OfferedKinds
from platform_client.ratings import RATE, Rating, RatingTaken
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.door import Door
from platform_client.sandbox.faults import Faults
from platform_client.sandbox.intake import Applicant, Refuse
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.material import CHINA, Material, Order
from platform_client.sandbox.pki import SandboxPki
from platform_client.trust import TRUST, TrustFeed


class Sharing:
    """The calls about certificates. `clock` returns the time, timezone-aware."""

    def __init__(
        self, pki: SandboxPki, material: Material, ledger: Ledger, faults: Faults, clock: Callable[[], datetime]
    ) -> None:
        self._pki = pki
        self._material = material
        self._ledger = ledger
        self._faults = faults
        self._clock = clock

    def stand_behind(self, door: Door) -> None:
        door.fetch(certificates.KINDS, self._kinds)
        door.ask_about_person(certificates.KINDS_FOR, self._kinds_for)
        door.ask_about_person(certificates.ISSUE, self._issue)
        door.ask(RATE, self._rate)
        door.fetch(TRUST, self._trust)

    async def _kinds(self) -> Kinds:
        return Kinds(tuple(offer.kind for offer in OFFERS.values()))

    async def _kinds_for(self, query: KindsQuery, applicant: Applicant) -> OfferedKinds:
        today = self._today()
        kinds = tuple(offer.kind for offer in OFFERS.values() if applicant.may_have(offer, today))
        return OfferedKinds(applicant.about(applicant.person), kinds)

    async def _issue(self, call: IssueCall, applicant: Applicant) -> Issued:
        offer = OFFERS.get(call.kind)
        if offer is None or not applicant.may_have(offer, self._today()):
            raise Refuse("kind-not-granted")
        order = Order(applicant.request_id, applicant.nonce, call.kind, applicant.person)

        async def document() -> bytes:
            return (await self._material.issue(order, self._faults.active)).pdf

        return Issued(applicant.about(order.person), await self._ledger.once(order, document))

    async def _rate(self, rating: Rating) -> RatingTaken:
        self._ledger.rate(rating.request_id)
        return RatingTaken(rating.request_id)

    async def _trust(self) -> TrustFeed:
        return TrustFeed(self._pki.intermediates(), self._pki.crls(self._clock()))

    def _today(self) -> date:
        return self._clock().astimezone(CHINA).date()
