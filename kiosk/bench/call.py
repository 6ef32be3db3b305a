"""The call for a certificate: our platform port (evidence, signature, XML under schema, both ways), and a bare POST.

The platform's sources answer at once; its own work (three facts, a page, a seal) is in both.
"""

import aiohttp

from kiosk.bench.timing import NotMeasured, Row, alternate, taking
from kiosk.clock import SystemClock
from kiosk.desk import Desk
from kiosk.evidence import IssueRequest, Station
from kiosk.identity import device_identity
from kiosk.profile import Profile
from platform_client.binding import encode
from platform_client.certificates import ISSUE, IssueCall
from platform_client.identity import DeviceIdentity
from platform_client.transport import CONTENT_TYPE, REQUEST_ID


async def call(desk: Desk, profile: Profile, first: IssueRequest, rounds: int) -> Row:
    """What asking for a certificate takes; every round asks for a new one, like `first`."""
    identity = device_identity(profile.platform)
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
    return IssueRequest.new(request.offer, request.card, request.match, SystemClock())


def _on_the_wire(request: IssueRequest, desk: Desk, identity: DeviceIdentity) -> bytes:
    station = Station(identity.terminal, "bench")
    evidence = station.show(
        request.card, request.match, request_id=request.request_id, nonce=request.nonce, at=desk.clock.now()
    )
    return encode(IssueCall(evidence.signed(identity), request.offer.kind.code))


async def _post(session: aiohttp.ClientSession, body: bytes, request_id: str) -> None:
    headers = {"Content-Type": CONTENT_TYPE, REQUEST_ID: request_id}
    async with session.post(ISSUE.path, data=body, headers=headers) as response:
        await response.read()
        if response.status != 200:
            raise NotMeasured(f"the bare POST is answered with {response.status}")
