"""The sandbox as a process: TLS 1.3 with client certificates, XML in and out, one log row per call (C01, C02, C19).

The row holds the request id the terminal sent, the terminal, what was asked and how it ended: never who it was about.
"""

import asyncio
import json
import logging
import re
import signal
import ssl
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509
from systemd import daemon

from platform_client import messages
from platform_client.messages import ReceivedIssueCall, TrustFeed
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.intake import Applicant, Refuse, admit, terminal_of
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.material import CHINA, Material, Order
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.sources import NAMES, Source, SourceDown
from platform_client.sandbox.switch import Command, SetFault, listen
from platform_client.sandbox.typeface import NoGlyph, Typecase, Typeface
from platform_client.wire import LIMIT_BYTES, WireError

REQUEST_ID: Final = "X-Request-Id"
_HEX128: Final = re.compile(r"[0-9a-f]{32}")
_REFUSAL: Final = web.ResponseKey("refusal", str)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a sandbox needs. `port` 0: any free one. `cache` keeps the cut fonts. `switch`: unix socket for faults."""

    pki: Path
    typeface: Typeface
    cache: Path
    terminals: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 0
    switch: Path | None = None
    fault: Fault | None = None


class Sandbox:
    """A running platform. `clock` returns the time, timezone-aware."""

    def __init__(
        self, pki: SandboxPki, typecase: Typecase, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.faults = Faults()
        self.sources = {name: Source(name) for name in NAMES}
        self._pki = pki
        self._clock = clock
        self._ledger = Ledger()
        self._material = Material(pki, typecase, tuple(self.sources.values()), clock)
        self._app = web.Application(middlewares=[self._row, self._refusals], client_max_size=LIMIT_BYTES)
        self._app.add_routes(
            [
                web.get("/v1/kinds", self._kinds),
                web.post("/v1/kinds/query", self._kinds_for),
                web.post("/v1/certificates", self._issue),
                web.post("/v1/ratings", self._rate),
                web.get("/v1/trust", self._trust),
            ]
        )
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.2)
        self._switch: asyncio.Server | None = None

    async def start(self, host: str, port: int, switch: Path | None = None) -> int:
        """Listen; returns the bound port. Raises OSError when the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=_tls(self._pki))
        await site.start()
        if switch is not None:
            self._switch = await listen(switch, self.obey)
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        if self._switch is not None:
            self._switch.close()
        await self._runner.cleanup()

    def obey(self, command: Command) -> None:
        """Flip a switch. Raises KeyError for a source that does not exist."""
        if isinstance(command, SetFault):
            self.faults.active, self.faults.seconds = command.fault, command.seconds
        else:
            source = self.sources[command.name]
            source.latency_s, source.down = command.latency_s, command.down

    # --- every call ---------------------------------------------------------------------------------------------------

    @web.middleware
    async def _row(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self.faults.active is Fault.UNREACHABLE and request.transport is not None:
            request.transport.abort()
            return web.Response(status=503)  # to nobody: the connection is gone
        terminal, began = terminal_of(_device(request)), time.monotonic()
        response = await handler(request)
        _log.info(
            "call request_id=%s terminal=%s operation=%s status=%d refusal=%s ms=%d",
            _call_id(request) or "-",
            terminal,
            request.path.removeprefix("/v1/"),
            response.status,
            response.get(_REFUSAL, "-"),
            (time.monotonic() - began) * 1000,
        )
        return response

    @web.middleware
    async def _refusals(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if not _call_id(request):
                raise Refuse("request-id")
            if self.faults.active is Fault.SLOW:
                await asyncio.sleep(self.faults.seconds)
            if self.faults.active is Fault.REFUSE:
                raise Refuse("not-granted")
            if self.faults.active is Fault.MALFORMED_ANSWER:
                return _xml(b"<Kinds>not what the schema says</Kinds>")
            return await handler(request)
        except Refuse as refuse:
            return _refusal(403, refuse.code)
        except WireError:
            return _refusal(400, "not-our-interface")
        except SourceDown as source:
            return _refusal(424, f"source-down-{source.args[0]}")
        except NoGlyph:
            return _refusal(422, "name-not-printable")
        except web.HTTPException as error:
            return _refusal(error.status, "no-such-call")
        except Exception as error:
            # Without the exception's text: it may quote what was asked.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s in %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
            return _refusal(500, "internal")

    # --- the calls ----------------------------------------------------------------------------------------------------

    async def _kinds(self, request: web.Request) -> web.Response:
        return _xml(messages.encode_kinds(tuple(offer.kind for offer in OFFERS.values())))

    async def _kinds_for(self, request: web.Request) -> web.Response:
        shown = messages.decode_kinds_query(await request.read())
        applicant = admit(shown, _device(request), self._clock())
        today = self._clock().astimezone(CHINA).date()
        return _xml(
            messages.encode_kinds(tuple(offer.kind for offer in OFFERS.values() if applicant.may_have(offer, today)))
        )

    async def _issue(self, request: web.Request) -> web.Response:
        call = messages.decode_issue_call(await request.read())
        applicant = admit(call.evidence, _device(request), self._clock())
        self._check(call, applicant, _call_id(request))
        order = Order(call.request_id, call.nonce, call.kind, applicant.person)

        async def document() -> bytes:
            return (await self._material.issue(order, self.faults.active)).pdf

        pdf = await self._ledger.once(call, document)
        return _xml(messages.encode_issued(messages.Issued(call.request_id, pdf)))

    def _check(self, call: ReceivedIssueCall, applicant: Applicant, call_id: str) -> None:
        if call.request_id != call_id:
            raise Refuse("request-id")
        if call.nonce != applicant.nonce:
            raise Refuse("evidence-of-another-call")
        offer = OFFERS.get(call.kind)
        if offer is None or not applicant.may_have(offer, self._clock().astimezone(CHINA).date()):
            raise Refuse("kind-not-granted")

    async def _rate(self, request: web.Request) -> web.Response:
        rating = messages.decode_rating(await request.read())
        self._ledger.rate(rating.request_id)
        return _xml(messages.encode_rating_taken(rating.request_id))

    async def _trust(self, request: web.Request) -> web.Response:
        return _xml(messages.encode_trust_feed(TrustFeed(self._pki.intermediates(), self._pki.crls(self._clock()))))


def main(settings: Settings, announce: Callable[[int], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT. The bound port goes to `announce`, else to stdout as `{"port": N}`."""
    asyncio.run(_serve(settings, announce or _say_port))


async def _serve(settings: Settings, announce: Callable[[int], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pki = make(settings.pki, terminals=settings.terminals, now=datetime.now(UTC))
    sandbox = Sandbox(pki, await asyncio.to_thread(Typecase.open, settings.typeface, settings.cache))
    sandbox.faults.active = settings.fault
    announce(await sandbox.start(settings.host, settings.port, settings.switch))
    daemon.notify("READY=1")
    try:
        await stopped.wait()
    finally:
        await sandbox.stop()


def _say_port(port: int) -> None:
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


def _tls(pki: SandboxPki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(pki.tls_ca.certificate)
    return context


def _device(request: web.Request) -> x509.Certificate:
    """The client certificate of the connection; TLS has verified it."""
    assert request.transport is not None
    return x509.load_der_x509_certificate(request.transport.get_extra_info("ssl_object").getpeercert(binary_form=True))


def _call_id(request: web.Request) -> str:
    """The request id header if it is one, else nothing."""
    given = request.headers.get(REQUEST_ID, "")
    return given if _HEX128.fullmatch(given) else ""


def _xml(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/xml")


def _refusal(status: int, code: str) -> web.Response:
    response = _xml(messages.encode_refusal(code))
    response.set_status(status)
    response[_REFUSAL] = code
    return response
