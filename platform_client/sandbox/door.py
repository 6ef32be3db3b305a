"""The only door of the platform: what every call passes before a system answers it (C01, C02, C14, C19).

TLS 1.3 with client certificates, a request id on every call, one log row each: the id the terminal sent, the terminal,
what was asked and how it ended, never who it was about. Whatever a system raises leaves as a code, never as a text.

A system stands behind the door with a coroutine per operation: question in, answer out. Who asks about a person has
passed the intake before; a system never sees evidence that was not admitted, nor XML.
"""

import asyncio
import logging
import re
import ssl
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509

from platform_client import binding, wire
from platform_client.operation import A, AboutPerson, Ask, Fetch, Q
from platform_client.refusal import Refusal
from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.intake import Applicant, Refuse, admit, terminal_of
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.sources import SourceDown
from platform_client.sandbox.typeface import NoGlyph
from platform_client.transport import CONTENT_TYPE, REQUEST_ID
from platform_client.wire import LIMIT_BYTES, TooLarge, WireError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HEX128: Final = re.compile(r"[0-9a-f]{32}")
_REFUSAL: Final = web.ResponseKey("refusal", str)
_log = logging.getLogger(__name__)


class Door:
    """Operations and who serves them. `faults`: what goes wrong at the door itself. `clock` returns the aware time."""

    def __init__(self, faults: Faults, clock: Callable[[], datetime]) -> None:
        self._faults = faults
        self._clock = clock
        self.application = web.Application(middlewares=[self._row, self._refusals], client_max_size=LIMIT_BYTES)

    def fetch(self, operation: Fetch[A], serve: Callable[[], Awaitable[A]]) -> None:
        """Something public."""

        async def handle(request: web.Request) -> web.Response:
            return _xml(binding.encode(await serve()))

        self.application.router.add_get(operation.path, handle)

    def ask(self, operation: Ask[Q, A], serve: Callable[[Q], Awaitable[A]]) -> None:
        """A question that is about nobody."""

        async def handle(request: web.Request) -> web.Response:
            return _xml(binding.encode(await serve(await _question(request, operation.question))))

        self.application.router.add_post(operation.path, handle)

    def ask_about_person(self, operation: Ask[Q, A], serve: Callable[[Q, Applicant], Awaitable[A]]) -> None:
        """A question about the person in front of the terminal: served only after the evidence was admitted."""

        async def handle(request: web.Request) -> web.Response:
            question = await _question(request, operation.question)
            assert isinstance(question, AboutPerson)
            applicant = admit(question.evidence, _device(request), _call_id(request), self._clock())
            return _xml(binding.encode(await serve(question, applicant)))

        self.application.router.add_post(operation.path, handle)

    @web.middleware
    async def _row(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._faults.active is Fault.UNREACHABLE and request.transport is not None:
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
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not _call_id(request):
                raise Refuse("request-id")
            if self._faults.active is Fault.SLOW:
                await asyncio.sleep(self._faults.seconds)
            if self._faults.active is Fault.REFUSE:
                raise Refuse("not-granted")
            if self._faults.active is Fault.MALFORMED_ANSWER:
                return _xml(b"<Kinds>not what the schema says</Kinds>")
            return await handler(request)
        except Refuse as refuse:
            return _refusal(403, refuse.code)
        except TooLarge:
            return _refusal(413, "too-large")
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


def listening(pki: SandboxPki) -> ssl.SSLContext:
    """TLS as the platform's servers speak it."""
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


async def _question(request: web.Request, kind: type[Q]) -> Q:
    if request.content_type != CONTENT_TYPE:
        raise WireError("not XML")
    reader = wire.Reader(wire.PLATFORM)
    async for part in request.content.iter_any():
        reader.feed(part)
    return binding.decode(reader.close(), kind)


def _xml(body: bytes) -> web.Response:
    return web.Response(body=body, content_type=CONTENT_TYPE)


def _refusal(status: int, code: str) -> web.Response:
    response = _xml(binding.encode(Refusal(code)))
    response.set_status(status)
    response[_REFUSAL] = code
    return response
