"""The service-sharing platform: what a terminal may ask for, granted by evidence and handed on to its maker (A01)."""

from collections.abc import Callable
from datetime import date, datetime

from aiohttp import web

from platform_client import messages
from platform_client.messages import ReceivedIssueCall, TrustFeed
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.door import call_id, device, xml
from platform_client.sandbox.faults import Faults
from platform_client.sandbox.intake import Applicant, Refuse, admit
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.material import CHINA, Material, Order
from platform_client.sandbox.pki import SandboxPki


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

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/kinds", self._kinds),
            web.post("/v1/kinds/query", self._kinds_for),
            web.post("/v1/certificates", self._issue),
            web.post("/v1/ratings", self._rate),
            web.get("/v1/trust", self._trust),
        ]

    async def _kinds(self, request: web.Request) -> web.Response:
        return xml(messages.encode_kinds(tuple(offer.kind for offer in OFFERS.values())))

    async def _kinds_for(self, request: web.Request) -> web.Response:
        shown = messages.decode_kinds_query(await request.read())
        applicant, today = admit(shown, device(request), self._clock()), self._today()
        return xml(
            messages.encode_kinds(tuple(offer.kind for offer in OFFERS.values() if applicant.may_have(offer, today)))
        )

    async def _issue(self, request: web.Request) -> web.Response:
        call = messages.decode_issue_call(await request.read())
        applicant = admit(call.evidence, device(request), self._clock())
        self._check(call, applicant, call_id(request))
        order = Order(call.request_id, call.nonce, call.kind, applicant.person)

        async def document() -> bytes:
            return (await self._material.issue(order, self._faults.active)).pdf

        pdf = await self._ledger.once(call, document)
        return xml(messages.encode_issued(messages.Issued(call.request_id, pdf)))

    def _check(self, call: ReceivedIssueCall, applicant: Applicant, request_id: str) -> None:
        if call.request_id != request_id:
            raise Refuse("request-id")
        if call.nonce != applicant.nonce:
            raise Refuse("evidence-of-another-call")
        offer = OFFERS.get(call.kind)
        if offer is None or not applicant.may_have(offer, self._today()):
            raise Refuse("kind-not-granted")

    async def _rate(self, request: web.Request) -> web.Response:
        rating = messages.decode_rating(await request.read())
        self._ledger.rate(rating.request_id)
        return xml(messages.encode_rating_taken(rating.request_id))

    async def _trust(self, request: web.Request) -> web.Response:
        return xml(messages.encode_trust_feed(TrustFeed(self._pki.intermediates(), self._pki.crls(self._clock()))))

    def _today(self) -> date:
        return self._clock().astimezone(CHINA).date()
