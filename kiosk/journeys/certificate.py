"""The main job: a citizen lays an identity card on the reader, looks at the camera, picks a certificate; the terminal
asks the platform for it, checks the seal, checks that it is about *this* person, and puts it on paper."""

from kiosk.desk import Desk
from kiosk.evidence import IssueRequest
from kiosk.pages import Kind, Stage


async def certificate(desk: Desk, wish: Kind | None) -> None:
    """One citizen, one certificate. `wish`: the kind tapped on the home page. Raises Refused with a named reason."""
    async with desk.citizen() as citizen:  # leaving it wipes
        card = await citizen.present_card(wish)
        match = await citizen.prove_presence(card)
        offers = await citizen.wait_for(desk.platform.kinds_for(card, match), Stage.ASKING_KINDS)
        offer = await citizen.choose_certificate(offers, wish, card.masked_name)
        request = IssueRequest.new(offer, card, match, desk.clock)  # carries a fresh nonce
        pdf = await citizen.wait_for(desk.platform.issue(request), Stage.ISSUING, offer.kind)
        sealed = await citizen.wait_for(desk.documents.verify(pdf, request), Stage.CHECKING, offer.kind)
        paper = desk.documents.admit(sealed, request)
        await citizen.preview(paper, offer)
        receipt = await citizen.print(paper, offer)
        await citizen.hand_over(receipt)  # card and paper: until the reader is empty and the citizen says so
        await citizen.rate(request)
