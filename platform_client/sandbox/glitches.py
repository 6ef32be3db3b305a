"""What goes wrong between two ends of a connection: nothing comes, half of it, too slowly, or somebody else's.

As aiohttp sees it: an answer is ready, and this is how it leaves. Used at the platform's door and by the sources.
"""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from aiohttp import web

from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.system import Handler
from platform_client.wire import LIMIT_BYTES

_DRIPS: Final = 200
BOMB: Final = (
    b'<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    b"<Kinds>&c;&c;&c;&c;</Kinds>"
)


class Swap:
    """Pairs up two answers of one place and gives each caller the other's."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._mine: dict[str, bytes] = {}

    async def other(self, place: str, mine: bytes, patience_s: float) -> bytes:
        """The other's answer; one's own when nobody comes within `patience_s`."""
        waiting = self._waiting.pop(place, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(mine)
            return self._mine.pop(place)
        first = self._waiting[place] = asyncio.get_running_loop().create_future()
        self._mine[place] = mine
        try:
            return await asyncio.wait_for(first, patience_s)
        except TimeoutError:
            if self._waiting.get(place) is first:
                del self._waiting[place], self._mine[place]
            return mine


class Glitches:
    """The middleware of whatever a terminal connects to."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._swap = Swap()
        self._first: dict[str, bytes] = {}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault, seconds = self._faults.active, self._faults.seconds
        if fault is not Fault.STALE_ANSWER:
            self._first.clear()  # nothing of an answer is kept unless this very fault asks for it
        if fault is Fault.UNREACHABLE:
            return hang_up(request)
        if fault is Fault.OVERLOADED:
            return web.Response(status=503, headers={"Retry-After": str(round(seconds))})
        if fault is Fault.REDIRECT:
            return web.Response(status=307, headers={"Location": f"http://{request.host}{request.path}"})
        if fault is Fault.SLOW:
            await asyncio.sleep(seconds)
        answer = await handler(request)
        if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
            return answer
        match fault:
            case Fault.DROP:
                return hang_up(request)
            case Fault.DRIP:
                return await drip(request, answer, seconds)
            case Fault.TRUNCATE:
                return await truncate(request, answer)
            case Fault.SWAP:
                answer.body = await self._swap.other(request.path, answer.body, seconds)
            case Fault.STALE_ANSWER:
                answer.body = self._first.setdefault(request.path, answer.body)
            case Fault.MALFORMED_ANSWER:
                answer.body = b"<Kinds>not what the schema says</Kinds>"
            case Fault.OVERSIZE:
                answer.body = b"<Kinds>" + b" " * LIMIT_BYTES
            case Fault.ENTITY_BOMB:
                answer.body = BOMB
            case Fault.WRONG_CONTENT_TYPE:
                answer.content_type = "text/html"
            case Fault.WRONG_CLOCK:
                answer.headers["Date"] = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
            case Fault.OTHER_NONCE:
                answer.body = _about(answer.body, b"Nonce", b"0" * 32)
            case Fault.OTHER_SUBJECT:
                answer.body = _about(answer.body, b"SubjectDigest", b"0" * 64)
        return answer


def _about(body: bytes, element: bytes, value: bytes) -> bytes:
    """The answer with another value where it says what it is about."""
    return re.sub(rb"(<%b>)[0-9a-f]+" % element, rb"\g<1>" + value, body, count=1)


def hang_up(request: web.Request) -> web.Response:
    """Ends the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)  # to nobody: the connection is gone


async def drip(request: web.Request, answer: web.Response, seconds: float) -> web.StreamResponse:
    """The whole answer, in so many small parts that it takes `seconds`."""
    body = _body(answer)
    stream = await _begun(request, answer)
    part = max(1, len(body) // _DRIPS)
    for at in range(0, len(body), part):
        await stream.write(body[at : at + part])
        await asyncio.sleep(seconds * part / len(body))
    await stream.write_eof()
    return stream


async def truncate(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """The first half, announced as the whole."""
    body = _body(answer)
    stream = await _begun(request, answer)
    await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


async def _begun(request: web.Request, answer: web.Response) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status)
    stream.content_type = answer.content_type
    stream.content_length = len(_body(answer))
    await stream.prepare(request)
    return stream


def _body(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body
