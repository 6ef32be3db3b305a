"""The front-ends: they put down on one side and pick up on the other, and never join two networks (C06, C09, C11).

The private-cloud front-end is the platform's window to everything outside: it ferries questions into the private
network and, in embodiments 2 and 3, takes in what crosses the security border and sends the answer back the same way.
"""

import asyncio
import uuid
from base64 import b64encode
from typing import Final

from aiohttp import web

from platform_client import binding
from platform_client.refusal import Refusal
from platform_client.sandbox.door import (
    CLIENT_CERT,
    MESSAGE_ID,
    REPLY_TO,
    STATUS,
    call_id,
    operation,
    refusal,
)
from platform_client.sandbox.exchange import Envelope, EnvelopeBack, SourceFailure, read, written
from platform_client.sandbox.ferry import Correspondence, Parcel, Shore
from platform_client.sandbox.sources import Source, SourceDown, SourceFault
from platform_client.sandbox.staff import Staff
from platform_client.sandbox.system import Reply, System, Unanswered
from platform_client.sandbox.topology import MATERIAL, SHARING, TERMINAL
from platform_client.transport import CONTENT_TYPE, REQUEST_ID
from platform_client.wire import TooLarge, WireError

_PATIENCE_S: Final = 60.0
"""For the material-sharing system to bring an answer it has accepted to make."""
_NOBODY: Final = "0" * 32


class PrivateNetwork:
    """Where a department's own register is. It has a shore and nothing else: no address, no connection."""

    def __init__(self, shore: Shore, source: Source, staff: Staff) -> None:
        self._shore = shore
        self._source = source
        self._staff = staff

    async def run(self) -> None:
        while True:
            self._staff.hire(self._answer(await self._shore.receive()))

    async def _answer(self, parcel: Parcel) -> None:
        try:
            answer = await self._source.answer(parcel.head)
        except (SourceDown, WireError):
            answer = written(SourceFailure(parcel.request_id, self._source.name))
        match self._source.fault:
            case SourceFault.DROP:
                return
            case SourceFault.DRIP:
                await asyncio.sleep(self._source.seconds)
            case SourceFault.TRUNCATE:
                answer = answer[: len(answer) // 2]
        self._shore.send(Parcel(parcel.message_id, parcel.request_id, "entries", answer))


class PrivateCloudFront:
    """`private`: questions put to the private network. `border`: that towards an outer front-end, if there is one."""

    def __init__(self, system: System, private: Correspondence, border: Shore | None, staff: Staff) -> None:
        self._system = system
        self._private = private
        self._border = border
        self._staff = staff
        self._awaited: dict[str, asyncio.Future[Reply]] = {}
        system.answer("/private", frozenset({SHARING}), self._ferry)
        system.answer("/deliveries", frozenset({MATERIAL}), self._deliver)

    async def run(self) -> None:
        self._staff.hire(self._private.run())
        while self._border is not None:
            self._staff.hire(self._relay(self._border, await self._border.receive()))

    async def _ferry(self, request: web.Request) -> web.Response:
        """A question for the private network; the answer is whatever comes back."""
        parcel = Parcel(uuid.uuid4().hex, request.headers.get(REQUEST_ID, _NOBODY), "query", await request.read())
        return web.Response(body=(await self._private.ask(parcel)).head, content_type=CONTENT_TYPE)

    async def _relay(self, border: Shore, parcel: Parcel) -> None:
        """A terminal's call from the other side of the border; its answer goes back there."""
        try:
            envelope = read(parcel.head, Envelope)
            reply = await self._ask_sharing(envelope, parcel)
        except (WireError, Unanswered, TimeoutError):
            reply = Reply(502, CONTENT_TYPE, binding.encode(Refusal("platform-down")))
        head = written(EnvelopeBack(reply.status, reply.content_type))
        border.send(Parcel(parcel.message_id, parcel.request_id, "answer", head, reply.body))

    async def _ask_sharing(self, envelope: Envelope, parcel: Parcel) -> Reply:
        headers = {
            CLIENT_CERT: f":{b64encode(envelope.device).decode()}:",
            REPLY_TO: self._system.name,
            MESSAGE_ID: parcel.message_id,
        }
        if envelope.content_type is not None:
            headers["Content-Type"] = envelope.content_type
        if envelope.authorization is not None:
            headers["Authorization"] = envelope.authorization
        awaited = self._awaited[parcel.message_id] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._system.call(
                SHARING,
                "/door" + envelope.target,
                parcel.body,
                request_id=envelope.request_id or "",
                what=operation(envelope.target),
                method=envelope.method,
                headers=headers,
            )
            if reply.status != web.HTTPAccepted.status_code:
                return reply
            return await asyncio.wait_for(awaited, _PATIENCE_S)
        finally:
            del self._awaited[parcel.message_id]

    async def _deliver(self, request: web.Request) -> web.Response:
        """What the material-sharing system brings, for the call that waits for it."""
        awaited = self._awaited.get(request.headers.get(MESSAGE_ID, ""))
        if awaited is None or awaited.done():
            return web.Response(status=404)
        status = int(request.headers[STATUS])
        awaited.set_result(Reply(status, request.content_type, await request.read()))
        return web.Response(status=204)


class OuterFront:
    """The public-cloud or the private-network front-end: what a terminal connects to in embodiments 2 and 3."""

    def __init__(self, name: str, border: Shore) -> None:
        self._name = name
        self._border = border
        self._crossing = Correspondence(border)

    async def run(self) -> None:
        await self._crossing.run()

    async def take_in(self, request: web.Request) -> web.StreamResponse:
        """Any call of a terminal."""
        assert request.transport is not None
        device = request.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        request_id = call_id(request) or None
        what = operation(request.path)
        try:
            head = written(
                Envelope(
                    method=request.method,
                    target=request.path_qs,
                    device=device,
                    request_id=request_id,
                    content_type=request.headers.get("Content-Type"),
                    authorization=request.headers.get("Authorization"),
                )
            )
        except WireError as error:
            return refusal(error)
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return refusal(TooLarge("more than a door lets in"))
        parcel = Parcel(uuid.uuid4().hex, request_id or _NOBODY, what, head, body)
        with self._border.tracer.call(parcel.request_id, TERMINAL, self._name, what):
            back = await self._crossing.ask(parcel)
        answer = read(back.head, EnvelopeBack)
        return web.Response(status=answer.status, body=back.body, content_type=answer.content_type)
