"""The call for a certificate: our platform port (evidence, signature, XML under schema, both ways), and a bare POST.

The platform's sources answer at once; its own work (three facts, a page, a seal) is in both.
"""

from typing import Final

import aiohttp

from kiosk.bench.timing import NotMeasured, Row, alternate, taking
from kiosk.desk import Desk
from kiosk.evidence import IssueRequest, show
from kiosk.profile import Profile
from platform_client.client import CONTENT_TYPE, REQUEST_ID
from platform_client.identity import DeviceIdentity
from platform_client.messages import IssueCall, encode_issue_call

PATH: Final = "/v1/certificates"


async def call(desk: Desk, profile: Profile, first: IssueRequest, rounds: int) -> Row:
    """What asking for a certificate takes; every round asks for a new one, like `first`."""
    identity = DeviceIdentity(profile.platform.certificate, profile.platform.key, profile.platform.ca)
    connector = aiohttp.TCPConnector(ssl=identity.context)
    async with aiohttp.ClientSession(profile.platform.url, connector=connector) as session:

        async def ours() -> float:
            return await taking(desk.platform.issue(_another(first)))

        async def floor() -> float:
            request = _another(first)
            body = _on_the_wire(request, desk, identity)
            return await taking(_post(session, body, request.request_id))

        times = await alternate(rounds, ours, floor)
    return Row("call the platform", *times, "POST of the same bytes, bare aiohttp")


def _another(request: IssueRequest) -> IssueRequest:
    return IssueRequest.new(request.offer, request.card, request.match)


def _on_the_wire(request: IssueRequest, desk: Desk, identity: DeviceIdentity) -> bytes:
    evidence = show(
        request.card, request.match, terminal=identity.terminal, nonce=request.nonce, at=desk.clock.now()
    ).signed(identity)
    return encode_issue_call(IssueCall(request.request_id, request.nonce, request.offer.kind.code, evidence))


async def _post(session: aiohttp.ClientSession, body: bytes, request_id: str) -> None:
    headers = {"Content-Type": CONTENT_TYPE, REQUEST_ID: request_id}
    async with session.post(PATH, data=body, headers=headers) as response:
        await response.read()
        if response.status != 200:
            raise NotMeasured(f"the bare POST is answered with {response.status}")
