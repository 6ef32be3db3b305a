"""One system of the platform: a server under an identity of its own, that says who may call what (C03, C04).

Systems meet over mutual TLS 1.3 under an authority of their own, which has never signed a terminal's certificate: a
terminal that calls itself `material` is still a terminal. Names resolve to loopback and are checked in the handshake,
so a call that reaches the wrong system ends there.
"""

import logging
import socket
import ssl
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from platform_client.sandbox.pki import SandboxPki, system_host
from platform_client.sandbox.trace import Tracer
from platform_client.wire import LIMIT_BYTES, WireError

LOOPBACK: Final = "127.0.0.1"
_SYSTEMS_CA: Final = "Sandbox Systems CA"
_REQUEST_ID: Final = "X-Request-Id"
_log = logging.getLogger(__name__)

Ports = dict[str, int]
"""The address book: where each system listens, filled as they start."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What a system answered."""

    status: int
    content_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"Reply({self.status}, {len(self.body)} bytes)"


class Unanswered(Exception):
    """The other system is not there, hung up, or does not speak our HTTP; carries the kind of failure."""


class System:
    """`name` must be one of topology.SYSTEMS. `ports` is shared by all systems of a platform."""

    def __init__(self, name: str, pki: SandboxPki, ports: Ports, tracer: Tracer) -> None:
        self.name = name
        self.tracer = tracer
        self._ports = ports
        self._tls = _both_ends(pki, name)
        self._admitted: dict[str, frozenset[str]] = {}
        self._app = web.Application(middlewares=[self._admission], client_max_size=2 * LIMIT_BYTES)
        # Who stops waiting for a source stops whoever waits for it on their behalf, down to the ferry.
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        self._session: aiohttp.ClientSession | None = None

    def answer(self, path: str, callers: frozenset[str], handler: Handler) -> None:
        """`handler` answers POST to `path`, for `callers` only."""
        self._admitted[path] = callers
        self._app.router.add_post(path, handler)

    def host(self, prefix: str, callers: frozenset[str], app: web.Application) -> None:
        """Everything below `prefix` belongs to `app`, for `callers` only."""
        self._admitted[prefix] = callers
        self._app.add_subapp(prefix, app)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=self._tls[0]).start()
        self._ports[self.name] = self._runner.addresses[0][1]
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls[1], resolver=_Loopback(), limit=0, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._runner.cleanup()

    async def call(
        self,
        target: str,
        path: str,
        body: bytes,
        *,
        request_id: str,
        what: str,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Ask another system. Raises Unanswered."""
        assert self._session is not None, "not started"
        url = f"https://{system_host(target)}:{self._ports[target]}{path}"
        given = {"Content-Type": "application/xml", _REQUEST_ID: request_id} | (headers or {})
        with self.tracer.call(request_id, self.name, target, what):
            try:
                async with self._session.request(method, url, data=body, headers=given, allow_redirects=False) as got:
                    return Reply(got.status, got.content_type, await got.read())
            except (aiohttp.ClientError, OSError) as error:
                raise Unanswered(type(error).__name__) from None

    @web.middleware
    async def _admission(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """By the path's own list; a path without one admits nobody."""
        caller = calling_system(request)
        allowed = self._admitted.get(request.path) or next(
            (callers for prefix, callers in self._admitted.items() if request.path.startswith(prefix + "/")),
            frozenset(),
        )
        if caller not in allowed:
            return web.Response(status=403)
        try:
            return await handler(request)
        except WireError:
            return web.Response(status=400)
        except web.HTTPException:
            raise
        except Exception as error:
            log_mishap(error)
            return web.Response(status=500)


def calling_system(request: web.Request) -> str | None:
    """The system at the other end; None when it is a terminal."""
    assert request.transport is not None
    peer = request.transport.get_extra_info("peercert")
    issuer, subject = (dict(pair[0] for pair in peer[side]) for side in ("issuer", "subject"))
    return str(subject["commonName"]) if issuer["commonName"] == _SYSTEMS_CA else None


def log_mishap(error: Exception) -> None:
    """What went wrong and where, without the exception's text: it may quote what was asked."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("%s in %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)


class _Loopback(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        return None


def _both_ends(pki: SandboxPki, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The same identity as a server and as a client."""
    own, authority = pki.system(name), pki.systems_ca.certificate
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context in contexts:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority)
        context.load_cert_chain(own.certificate, own.key)
    return contexts
