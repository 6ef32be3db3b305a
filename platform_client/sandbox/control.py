"""The sandbox's control panel: faults, sources and ferries switched while it runs, and every trace (JSON over HTTP).

It listens on loopback, on a port and with a token of its own; both stand in the control file, which only its owner can
read. It is not part of the platform: no terminal has a word for it.

    POST /switch        {"type": "SetFault", "fault": "slow", "seconds": 5} and the other commands below,
                        {"type": "CallNext", "window": "1"} and the other ones of hall/clerks.py
    GET  /pairings      who waits to be enrolled: {code: fingerprint of the key}
    GET  /traces/ID     one request's hops; "last": the newest. With ?as=diagram as text
"""

import hmac
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from platform_client.sandbox.faults import Fault
from platform_client.sandbox.hall.clerks import ClerkCommand
from platform_client.sandbox.sources import SourceFault
from platform_client.sandbox.system import LOOPBACK
from platform_client.sandbox.trace import Trace, Tracer


class SetFault(msgspec.Struct, frozen=True, tag=True):
    """Turn `fault` on and every other off; None: all off. `seconds`: how long, for faults that take time."""

    fault: Fault | None
    seconds: float = 30.0


class SetSource(msgspec.Struct, frozen=True, tag=True):
    """How the source `name` behaves: `latency_s` until it answers, and its `fault` (None: none)."""

    name: str
    latency_s: float = 0.05
    fault: SourceFault | None = None
    seconds: float = 30.0


class SetCrossing(msgspec.Struct, frozen=True, tag=True):
    """How long a crossing takes each way: `ferry` (private network) or `border`."""

    name: str
    delay_s: float


class ApprovePairing(msgspec.Struct, frozen=True, tag=True):
    """Whoever shows this pairing code is to be that terminal."""

    code: str
    terminal: str


class RefusePairing(msgspec.Struct, frozen=True, tag=True):
    """Whoever shows this pairing code is to be nobody."""

    code: str


class Panel(msgspec.Struct, frozen=True):
    """What the control file holds."""

    url: str
    token: str


Command = SetFault | SetSource | SetCrossing | ApprovePairing | RefusePairing | ClerkCommand
_commands = msgspec.json.Decoder(Command)


class NotFlipped(Exception):
    """The sandbox did not understand the command, or is not there."""


class Control:
    """Serves the panel. `obey` raises KeyError for a name it does not know; `pairings` says who waits."""

    def __init__(
        self, obey: Callable[[Command], None], tracer: Tracer, pairings: Callable[[], dict[str, str]] = dict
    ) -> None:
        self._obey = obey
        self._tracer = tracer
        self._pairings = pairings
        self._token = secrets.token_urlsafe(32)
        app = web.Application(middlewares=[self._for_the_owner])
        app.add_routes([web.post("/switch", self._switch), web.get("/traces/{id}", self._trace)])
        app.add_routes([web.get("/pairings", self._waiting)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def start(self, file: Path) -> None:
        """Listens, and says where in `file`."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        panel = Panel(f"http://{LOOPBACK}:{self._runner.addresses[0][1]}", self._token)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(msgspec.json.encode(panel))

    async def stop(self) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _for_the_owner(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self._token.encode()):
            return web.Response(status=401)
        return await handler(request)

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            self._obey(_commands.decode(await request.read()))
        except (msgspec.MsgspecError, KeyError):
            return web.Response(status=400, text="unknown command, or a name in it that does not exist")
        return web.Response(status=204)

    async def _waiting(self, request: web.Request) -> web.Response:
        return web.json_response(self._pairings())

    async def _trace(self, request: web.Request) -> web.Response:
        try:
            found = self._tracer.find(request.match_info["id"])
        except KeyError:
            return web.Response(status=404, text="no such request, or too long ago")
        if request.query.get("as") == "diagram":
            return web.Response(text=found.diagram())
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")


async def flip(file: Path, command: Command) -> None:
    """Sends one command to the sandbox whose control file is `file`. Raises NotFlipped."""
    await _asked(file, "POST", "/switch", msgspec.json.encode(command))


async def trace(file: Path, request_id: str) -> Trace:
    """The trace of a request, or of the "last" one. Raises NotFlipped."""
    return msgspec.json.decode(await _asked(file, "GET", f"/traces/{request_id}"), type=Trace)


async def pairings(file: Path) -> dict[str, str]:
    """Who waits to be enrolled: code and fingerprint. Raises NotFlipped."""
    return msgspec.json.decode(await _asked(file, "GET", "/pairings"), type=dict[str, str])


async def _asked(file: Path, method: str, path: str, body: bytes | None = None) -> bytes:
    try:
        panel = msgspec.json.decode(file.read_bytes(), type=Panel)
        headers = {"Authorization": f"Bearer {panel.token}"}
        async with (
            aiohttp.ClientSession(headers=headers, trust_env=False) as session,
            session.request(method, panel.url + path, data=body) as answer,
        ):
            said = await answer.read()
    except OSError as error:
        raise NotFlipped(error.strerror or type(error).__name__) from None
    except (aiohttp.ClientError, msgspec.MsgspecError) as error:
        raise NotFlipped(type(error).__name__) from None
    if answer.status >= 300:
        raise NotFlipped(said.decode(errors="replace") or f"status {answer.status}")
    return said
