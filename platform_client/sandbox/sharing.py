"""The service-sharing platform: the only way to the other systems, for a terminal and for them (A01, C03, C07).

For a terminal it decides: is the evidence good, was this kind granted to it, may this person have it? For the
material-sharing system it is the way to the local source and, through the private-cloud front-end, to the private
network.
"""

from collections.abc import Callable
from datetime import date, datetime

from aiohttp import web

from platform_client import certificates
from platform_client.certificates import IssueCall, Kinds, KindsQuery, OfferedKinds
from platform_client.portraits import PORTRAIT, GivenPortrait, PortraitQuery, PortraitRefusal
from platform_client.ratings import RATE, Rating, RatingTaken
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.door import Door, Return, call_id
from platform_client.sandbox.exchange import Order, written
from platform_client.sandbox.intake import Applicant, Refuse
from platform_client.sandbox.material import CHINA
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.ratings import Ratings
from platform_client.sandbox.registry import Person
from platform_client.sandbox.system import Handler, Reply, System, Unanswered
from platform_client.sandbox.topology import LOCAL, MATERIAL, PRIVATE_CLOUD_FRONT
from platform_client.trust import TRUST, TrustFeed


class Sharing:
    """The calls about certificates, and the ways to two sources. `clock` returns the time, timezone-aware.

    `pictures`: the register's portrait of a person, None where it has none."""

    def __init__(
        self,
        system: System,
        pki: SandboxPki,
        clock: Callable[[], datetime],
        pictures: Callable[[Person], bytes | None],
    ) -> None:
        self._pictures = pictures
        self._system = system
        self._pki = pki
        self._clock = clock
        self._ratings = Ratings()
        for path, target, there in (
            ("/sources/local", LOCAL, "/query"),
            ("/sources/private", PRIVATE_CLOUD_FRONT, "/private"),
        ):
            system.answer(path, frozenset({MATERIAL}), self._way_to(target, there))

    def stand_behind(self, door: Door) -> None:
        door.fetch_granted(certificates.KINDS, self._kinds)
        door.ask_about_person(certificates.KINDS_FOR, self._kinds_for)
        door.ask_about_card(PORTRAIT, self._portrait)
        door.hand_on(certificates.ISSUE, self._issue)
        door.ask(RATE, self._rate)
        door.fetch(TRUST, self._trust)

    # --- for a terminal -----------------------------------------------------------------------------------------------

    async def _kinds(self, granted: Account) -> Kinds:
        return Kinds(tuple(offer.kind for code, offer in OFFERS.items() if granted.may_issue(code)))

    async def _kinds_for(self, query: KindsQuery, applicant: Applicant) -> OfferedKinds:
        today = self._today()
        kinds = tuple(offer.kind for offer in OFFERS.values() if applicant.may_have(offer, today))
        return OfferedKinds(applicant.about(applicant.person), kinds)

    async def _portrait(self, query: PortraitQuery, applicant: Applicant) -> GivenPortrait:
        if not applicant.account.portraits:
            raise Refuse(PortraitRefusal.NOT_GRANTED.value)
        picture = self._pictures(applicant.person)
        if picture is None:
            raise Refuse(PortraitRefusal.NONE.value)
        return GivenPortrait(applicant.about(applicant.person), picture)

    async def _issue(self, call: IssueCall, applicant: Applicant, back: Return | None) -> Reply:
        offer = OFFERS.get(call.kind)
        if offer is None or not applicant.may_have(offer, self._today()):
            raise Refuse("kind-not-granted")
        order = Order(
            request_id=applicant.request_id,
            nonce=applicant.nonce,
            kind=call.kind,
            name=applicant.person.name,
            number=applicant.person.number,
            reply_to=None if back is None else back.front,
            message_id=None if back is None else back.message_id,
        )
        self._ratings.expect(order.request_id)
        try:
            return await self._system.call(
                MATERIAL, "/orders", written(order), request_id=order.request_id, what="order"
            )
        except Unanswered:
            raise Refuse("material-system-down", 424) from None

    async def _rate(self, rating: Rating) -> RatingTaken:
        self._ratings.take(rating.request_id)
        return RatingTaken(rating.request_id)

    async def _trust(self) -> TrustFeed:
        return TrustFeed(self._pki.intermediates(), self._pki.crls(self._clock()))

    def _today(self) -> date:
        return self._clock().astimezone(CHINA).date()

    # --- for the material-sharing system ------------------------------------------------------------------------------

    def _way_to(self, target: str, path: str) -> Handler:
        async def pass_on(request: web.Request) -> web.StreamResponse:
            try:
                reply = await self._system.call(
                    target, path, await request.read(), request_id=call_id(request), what="query"
                )
            except Unanswered:
                return web.Response(status=502)
            return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)

        return pass_on
