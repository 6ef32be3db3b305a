"""The only door of the platform: what every call passes before a system answers it (C01, C02, C14, C19).

A request id on every call, an account that admits the terminal, one audit row each: the id the terminal sent, the
terminal, what was asked, about whom by a pseudonym, and how it ended. Whatever a system raises leaves as a code, never
as a text.

A system stands behind the door with a coroutine per operation: question in, answer out. Who asks about a person has
passed the intake before; a system never sees evidence that was not admitted, nor XML.
"""

import asyncio
import hmac
import logging
import os
import re
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from platform_client import binding, wire
from platform_client.operation import A, AboutPerson, Ask, Fetch, Q
from platform_client.refusal import Refusal
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.intake import Applicant, Refuse, admit, admit_card, terminal_of
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.system import Handler, Reply, calling_system, log_mishap
from platform_client.sandbox.topology import SHARING, TERMINAL
from platform_client.sandbox.trace import Tracer
from platform_client.transport import CONTENT_TYPE, REQUEST_ID
from platform_client.wire import LIMIT_BYTES, TooLarge, WireError

CLIENT_CERT: Final = "Client-Cert"
"""How a front-end passes on the certificate it was shown (RFC 9440)."""
REPLY_TO: Final = "X-Reply-To"
MESSAGE_ID: Final = "X-Message-Id"
STATUS: Final = "X-Status"
PREFIX: Final = "/door"
"""Where front-ends knock."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Which terminal is being answered, by which certificate, and under which request id."""

    terminal: str
    request_id: str
    device: x509.Certificate


CALLER: Final[ContextVar[Caller]] = ContextVar("caller")
"""Of the call that the running task answers."""

_HEX128: Final = re.compile(r"[0-9a-f]{32}")
_REFUSAL: Final = web.ResponseKey("refusal", str)
_DEVICE: Final = web.RequestKey("device", x509.Certificate)
_ACCOUNT: Final = web.RequestKey("account", Account)
_SUBJECT: Final = web.RequestKey("subject", str)
_PSEUDONYMS: Final = os.urandom(32)
"""The key of the audit's pseudonyms: they mean nothing after the process has ended."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Return:
    """Where the answer to a call goes that came through a front-end."""

    front: str
    message_id: str


class Door:
    """Operations and who serves them. `accounts`: of a terminal, by its name. `clock` returns the aware time.

    `outside`: what stands in front of the door.
    """

    def __init__(
        self,
        pki: SandboxPki,
        accounts: Callable[[str], Account | None],
        faults: Faults,
        tracer: Tracer,
        clock: Callable[[], datetime],
        *outside: Middleware,
    ) -> None:
        self._authority = pki.tls_ca.load_certificate()
        self._accounts = accounts
        self._faults = faults
        self._tracer = tracer
        self._clock = clock
        self.application = web.Application(
            middlewares=[*outside, self._row, self._refusals], client_max_size=LIMIT_BYTES
        )

    def fetch(self, operation: Fetch[A], serve: Callable[[], Awaitable[A]]) -> None:
        """Something public."""

        async def handle(request: web.Request) -> web.Response:
            return xml(binding.encode(await serve()))

        self.application.router.add_get(operation.path, handle)

    def fetch_granted(self, operation: Fetch[A], serve: Callable[[Account], Awaitable[A]]) -> None:
        """Something public, as far as it was granted to the terminal."""

        async def handle(request: web.Request) -> web.Response:
            return xml(binding.encode(await serve(request[_ACCOUNT])))

        self.application.router.add_get(operation.path, handle)

    def ask(self, operation: Ask[Q, A], serve: Callable[[Q], Awaitable[A]]) -> None:
        """A question that is about nobody."""

        async def handle(request: web.Request) -> web.Response:
            return xml(binding.encode(await serve(await asked(request, operation.question))))

        self.application.router.add_post(operation.path, handle)

    def ask_about_person(self, operation: Ask[Q, A], serve: Callable[[Q, Applicant], Awaitable[A]]) -> None:
        """A question about the person in front of the terminal: served only after the evidence was admitted."""

        async def handle(request: web.Request) -> web.Response:
            question = await asked(request, operation.question)
            return xml(binding.encode(await serve(question, self._applicant(request, question))))

        self.application.router.add_post(operation.path, handle)

    def ask_about_card(self, operation: Ask[Q, A], serve: Callable[[Q, Applicant], Awaitable[A]]) -> None:
        """A question about the card on the terminal's reader, before a face was matched with it."""

        async def handle(request: web.Request) -> web.Response:
            question = await asked(request, operation.question)
            return xml(binding.encode(await serve(question, self._applicant(request, question, admit_card))))

        self.application.router.add_post(operation.path, handle)

    def hand_on(self, operation: Ask[Q, A], serve: Callable[[Q, Applicant, Return | None], Awaitable[Reply]]) -> None:
        """Another such question, which another system answers: its answer is passed on as it is.

        202 says that the answer will be brought to where the call came from.
        """

        async def handle(request: web.Request) -> web.Response:
            question = await asked(request, operation.question)
            front, back = calling_system(request), None
            if front is not None:
                back = Return(request.headers.get(REPLY_TO, front), request.headers.get(MESSAGE_ID, ""))
            return _passed_on(await serve(question, self._applicant(request, question), back))

        self.application.router.add_post(operation.path, handle)

    def _applicant(self, request: web.Request, question: Q, intake: Callable[..., Applicant] = admit) -> Applicant:
        assert isinstance(question, AboutPerson)
        device, account = request[_DEVICE], request[_ACCOUNT]
        applicant = intake(question.evidence, device, account, call_id(request), self._clock())
        request[_SUBJECT] = hmac.digest(_PSEUDONYMS, applicant.person.number.encode(), "sha256").hex()[:16]
        return applicant

    @web.middleware
    async def _row(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        what = operation(request.path.removeprefix(PREFIX))
        request[_DEVICE] = self._device(request)
        CALLER.set(Caller(terminal_of(request[_DEVICE]), call_id(request), request[_DEVICE]))
        if calling_system(request) is None and call_id(request):
            with self._tracer.call(call_id(request), TERMINAL, SHARING, what):
                response = await handler(request)
        else:
            response = await handler(request)
        _log.info(
            "call request_id=%s terminal=%s operation=%s subject=%s status=%d refusal=%s ms=%d",
            call_id(request) or "-",
            terminal_of(request[_DEVICE]),
            what,
            request.get(_SUBJECT, "-"),
            response.status,
            refused(response),
            (time.monotonic() - began) * 1000,
        )
        return response

    @web.middleware
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if not call_id(request):
                raise Refuse("request-id")
            if self._faults.active is Fault.REFUSE:
                raise Refuse("not-granted")
            request[_ACCOUNT] = await self._authenticated(request)
            return await handler(request)
        except Exception as error:
            return refusal(error)

    async def _authenticated(self, request: web.Request) -> Account:
        found = self._accounts(terminal_of(request[_DEVICE]))
        if found is None:
            raise Refuse("no-account")
        given = request.headers.get("Authorization", "")
        if not await asyncio.to_thread(found.admits, given) if found.password else not found.admits(given):
            raise Refuse("key-refused", 401)
        return found

    def _device(self, request: web.Request) -> x509.Certificate:
        """The terminal's certificate: of the connection or, from a front-end, the one it was shown and checked."""
        assert request.transport is not None
        if calling_system(request) is None:
            shown = request.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(shown)
        try:
            certificate = x509.load_der_x509_certificate(_client_cert(request.headers.get(CLIENT_CERT, "")))
            certificate.verify_directly_issued_by(self._authority)
        except (ValueError, TypeError, InvalidSignature):
            raise web.HTTPForbidden from None
        if not certificate.not_valid_before_utc <= self._clock() <= certificate.not_valid_after_utc:
            raise web.HTTPForbidden
        return certificate


def call_id(request: web.Request) -> str:
    """The request id header if it is one, else nothing."""
    given = request.headers.get(REQUEST_ID, "")
    return given if _HEX128.fullmatch(given) else ""


def xml(body: bytes, status: int = 200) -> web.Response:
    """An answer of our interface."""
    return web.Response(body=body, status=status, content_type=CONTENT_TYPE)


def operation(target: str) -> str:
    """What a call is named in logs and traces: its path without version and query."""
    return target.partition("?")[0].removeprefix("/v1/")


def _passed_on(reply: Reply) -> web.Response:
    """What another system of the platform answered, refusals included, as our own answer."""
    response = web.Response(body=reply.body, status=reply.status, content_type=reply.content_type)
    if reply.status >= 400:
        response[_REFUSAL] = binding.decode(wire.parse(reply.body, wire.PLATFORM), Refusal).code
    return response


def refused(response: web.StreamResponse) -> str:
    """The code of a refusal, or a dash."""
    return str(response.get(_REFUSAL, "-"))


def refusal(error: Exception) -> web.Response:
    """Any exception as an answer: a code, and nothing of its text, which may quote what was asked."""
    until = None
    match error:
        case Refuse():
            status, code, until = error.status, error.code, error.until
        case TooLarge():
            status, code = 413, "too-large"
        case WireError():
            status, code = 400, "not-our-interface"
        case web.HTTPException():
            status, code = error.status, "no-such-call"
        case _:
            log_mishap(error)
            status, code = 500, "internal"
    response = xml(binding.encode(Refusal(code, until)), status)
    response[_REFUSAL] = code
    return response


def _client_cert(header: str) -> bytes:
    """The DER of an RFC 9440 header. Raises ValueError."""
    if not (header.startswith(":") and header.endswith(":")):
        raise ValueError("not a client certificate")
    return b64decode(header[1:-1], validate=True)


async def asked(request: web.Request, kind: type[Q]) -> Q:
    """The question in a request. Raises WireError."""
    if request.content_type != CONTENT_TYPE:
        raise WireError("not XML")
    reader = wire.Reader(wire.PLATFORM)
    async for part in request.content.iter_any():
        reader.feed(part)
    return binding.decode(reader.close(), kind)
