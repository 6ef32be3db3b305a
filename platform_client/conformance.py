"""What a terminal expects of any platform, asked of one: `kiosk sandbox --conformance URL`.

Each expectation is a coroutine whose docstring is its name. It returns when it is met, and raises `Unmet` with what was
seen instead. The person is invented; whoever examines a platform with data of its own gives it this one.
"""

import asyncio
import json
import re
import ssl
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import msgspec

from platform_client import binding, certificates, wire
from platform_client.binding import Message
from platform_client.certificates import IssueCall, KindsQuery
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import Evidence, Moment, SignedEvidence
from platform_client.grammar import example, grammar
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.interface import everything
from platform_client.login import Login
from platform_client.nobody import Card, Face
from platform_client.operation import AboutPerson, Ask, Fetch
from platform_client.refusal import Refusal
from platform_client.transport import CONTENT_TYPE, REQUEST_ID
from platform_client.wire import LIMIT_BYTES, PLATFORM, WireError

_SOFTWARE: Final = "conformance"
_NOBODY: Final = frozenset({PlatformFault.UNREACHABLE, PlatformFault.RESTING})


class Unmet(Exception):
    """The expectation is not met; says what was seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`met`: None when it could not be found out."""

    expectation: str
    met: bool | None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class _Forger:
    """Signs otherwise than the terminal would."""

    thumbprint: bytes
    signed: Callable[[bytes], bytes]

    def sign(self, document: bytes) -> bytes:
        return self.signed(document)


class Examiner:
    """The terminal that asks. `kind`: of the certificate it asks for; empty: the first that it is offered."""

    def __init__(self, url: str, identity: DeviceIdentity, login: Login | None = None, kind: str = "") -> None:
        self._url = url.rstrip("/")
        self._identity = identity
        self._login = login
        self._kind = kind
        self._client = PlatformClient(HttpsTransport(url, identity, login))

    async def examine(self) -> list[Finding]:
        """Every expectation, in their order."""
        try:
            return [await self._ask(each) for each in self._expectations()]
        finally:
            await self._client.close()

    async def _ask(self, expectation: Callable[[], Awaitable[None]]) -> Finding:
        name = " ".join((expectation.__doc__ or "").split()).rstrip(".")
        try:
            await expectation()
        except Unmet as unmet:
            return Finding(name, False, str(unmet))
        except PlatformError as error:
            return Finding(name, None if error.kind in _NOBODY else False, str(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            return Finding(name, None, type(error).__name__)
        return Finding(name, True)

    def _expectations(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._public,
            self._old_tls,
            self._without_certificate,
            self._clock,
            self._unknown_path,
            self._without_id,
            self._json,
            self._broken,
            self._oversize,
            self._offered,
            self._issued,
            self._same_again,
            self._own_answer,
            self._used_id,
            self._used_nonce,
            self._forged,
            self._other_certificate,
            self._without_signature,
            self._other_terminal,
            self._other_call,
            self._other_person,
            self._stale,
            self._no_match,
            self._no_number,
            self._two_people,
            self._everywhere,
        ]

    # --- the wire -----------------------------------------------------------------------------------------------------

    async def _public(self) -> None:
        """Everything public is answered under its schema."""
        for operation in everything():
            if isinstance(operation, Fetch):
                try:
                    await self._client.fetch(operation)
                except PlatformError as error:
                    if error.kind in _NOBODY:
                        raise
                    raise Unmet(f"{operation.name}: {error}") from None

    async def _old_tls(self) -> None:
        """TLS 1.2 is refused."""
        context = self._stranger()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        await self._not_served(context)

    async def _without_certificate(self) -> None:
        """Nobody is served without a client certificate."""
        await self._not_served(self._stranger())

    async def _clock(self) -> None:
        """Answers carry the time (Date), and it is ours within two minutes."""
        async with self._session() as session, session.get(f"{self._url}/v1/kinds", headers=_id()) as response:
            if "Date" not in response.headers:
                raise Unmet("no Date")
        await self._client.fetch(certificates.KINDS)

    async def _unknown_path(self) -> None:
        """A call that does not exist is a refusal."""
        await self._refused("/v1/no-such-call", b"<x/>", _id())

    async def _without_id(self) -> None:
        """A call without a request id is a refusal."""
        await self._refused(certificates.KINDS_FOR.path, self._query(), {})

    async def _json(self) -> None:
        """JSON is a refusal."""
        await self._refused(certificates.KINDS_FOR.path, b"{}", _id() | {"Content-Type": "application/json"})

    async def _broken(self) -> None:
        """What is no document of the interface is a refusal: broken, against the schema, with a document type."""
        good = self._query()
        bomb = b'<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        deep = b"<x>" * 200 + b"</x>" * 200
        for body in (b"", b"x", good[:-9], b"<KindsQuery/>", bomb + good.split(b"?>", 1)[1], deep):
            await self._refused(certificates.KINDS_FOR.path, body, _id())

    async def _oversize(self) -> None:
        """What is longer than 8 MiB is a refusal, or the connection ends."""
        try:
            await self._refused(certificates.KINDS_FOR.path, b"<KindsQuery>" + b" " * LIMIT_BYTES, _id())
        except aiohttp.ClientConnectionError:
            return

    # --- about a person -----------------------------------------------------------------------------------------------

    async def _offered(self) -> None:
        """Who asks what they may have is answered about themselves."""
        await self._client.call(certificates.KINDS_FOR, KindsQuery(self._evidence()))

    async def _issued(self) -> None:
        """A certificate is issued, and the answer is about request, nonce and person of the call."""
        answer = await self._client.call(certificates.ISSUE, IssueCall(self._evidence(), await self._wanted()))
        if not answer.document.startswith(b"%PDF-"):
            raise Unmet("the document is no PDF")

    async def _same_again(self) -> None:
        """The same issue again brings the same octets, and another one others."""
        call = IssueCall(self._evidence(), await self._wanted())
        first, second = [(await self._client.call(certificates.ISSUE, call)).document for _ in range(2)]
        if first != second:
            raise Unmet("the second answer differs")
        other = IssueCall(self._evidence(), call.kind)
        if (await self._client.call(certificates.ISSUE, other)).document == first:
            raise Unmet("another request brought the same document")

    async def _own_answer(self) -> None:
        """Calls that are under way at the same time each get their own answer."""
        queries = [KindsQuery(self._evidence()) for _ in range(8)]
        await asyncio.gather(*(self._client.call(certificates.KINDS_FOR, query) for query in queries))

    async def _used_id(self) -> None:
        """A request id that served another issue is refused."""
        first = self._evidence()
        await self._client.call(certificates.ISSUE, IssueCall(first, await self._wanted()))
        await self._issue_refused(self._evidence(request_id=first.request_id))

    async def _used_nonce(self) -> None:
        """A nonce that served another issue is refused."""
        first = self._evidence()
        await self._client.call(certificates.ISSUE, IssueCall(first, await self._wanted()))
        await self._issue_refused(self._evidence(nonce=first.nonce))

    async def _forged(self) -> None:
        """Evidence that another key signed is refused."""
        await self._query_refused(self._evidence(_Forger(self._identity.thumbprint, _nonsense)))

    async def _other_certificate(self) -> None:
        """Evidence that names another certificate than the connection's is refused."""
        await self._query_refused(self._evidence(_Forger(bytes(32), self._identity.sign)))

    async def _without_signature(self) -> None:
        """Evidence whose header says that it needs no signature is refused."""
        evidence = self._evidence()
        header = urlsafe_b64encode(json.dumps({"alg": "none", "typ": "onecard-evidence+xml"}).encode()).rstrip(b"=")
        payload = evidence.jws.split(".")[1].encode()
        body = re.sub(
            rb"<Statement>.*</Statement>",
            b"<Statement>" + header + b"." + payload + b".AA</Statement>",
            binding.encode(KindsQuery(evidence)),
        )
        await self._refused(certificates.KINDS_FOR.path, body, {REQUEST_ID: evidence.request_id})

    async def _other_terminal(self) -> None:
        """Evidence of another terminal is refused."""
        await self._query_refused(self._evidence(terminal="somebody-else"))

    async def _other_call(self) -> None:
        """Evidence under another request id than the call's is refused."""
        await self._refused(certificates.KINDS_FOR.path, self._query(), _id())

    async def _other_person(self) -> None:
        """Evidence beside a name that is not the one it speaks of is refused."""
        evidence = self._evidence()
        name = Card().name.encode()
        body = binding.encode(KindsQuery(evidence)).replace(name, name[:-3] + "甲".encode())
        await self._refused(certificates.KINDS_FOR.path, body, {REQUEST_ID: evidence.request_id})

    async def _stale(self) -> None:
        """Evidence of an hour ago, and of an hour ahead, is refused."""
        for hours in (-1, 1):
            await self._query_refused(self._evidence(at=datetime.now(UTC) + timedelta(hours=hours)))

    async def _no_match(self) -> None:
        """A face beyond its threshold is refused."""
        await self._query_refused(self._evidence(face=Face(score=0.6)))

    async def _no_number(self) -> None:
        """A number that breaks GB 11643 is refused."""
        await self._query_refused(self._evidence(card=Card(number="999900199001010015")))

    async def _two_people(self) -> None:
        """A question about two people is refused."""
        evidence = self._evidence()
        body = binding.encode(KindsQuery(evidence))
        twice = re.sub(rb"(<Evidence>.*</Evidence>)", rb"\1\1", body)
        await self._refused(certificates.KINDS_FOR.path, twice, {REQUEST_ID: evidence.request_id})

    async def _everywhere(self) -> None:
        """Every call about a person refuses evidence that another key signed."""
        for operation in everything():
            if isinstance(operation, Fetch) or not issubclass(operation.question, AboutPerson):
                continue
            forged = self._evidence(_Forger(self._identity.thumbprint, _nonsense))
            body = binding.encode(example_question(operation, forged))
            try:
                await self._refused(operation.path, body, {REQUEST_ID: forged.request_id})
            except Unmet as unmet:
                raise Unmet(f"{operation.name}: {unmet}") from None

    # --- how it asks --------------------------------------------------------------------------------------------------

    def _evidence(
        self,
        signer: "_Forger | DeviceIdentity | None" = None,
        *,
        card: Card | None = None,
        face: Face | None = None,
        terminal: str = "",
        request_id: str = "",
        nonce: str = "",
        at: datetime | None = None,
    ) -> SignedEvidence:
        moment = Moment(
            terminal or self._identity.terminal,
            request_id or uuid.uuid4().hex,
            nonce or uuid.uuid4().hex,
            at or datetime.now(UTC),
            _SOFTWARE,
        )
        return Evidence.of(card or Card(), face or Face(), moment).signed(signer or self._identity)

    def _query(self) -> bytes:
        return binding.encode(KindsQuery(self._evidence()))

    async def _wanted(self) -> str:
        """The kind to ask for."""
        if not self._kind:
            offered = await self._client.call(certificates.KINDS_FOR, KindsQuery(self._evidence()))
            if not offered.kinds:
                raise Unmet("nothing is offered to the invented person")
            self._kind = offered.kinds[0].code
        return self._kind

    async def _query_refused(self, evidence: SignedEvidence) -> None:
        body = binding.encode(KindsQuery(evidence))
        await self._refused(certificates.KINDS_FOR.path, body, {REQUEST_ID: evidence.request_id})

    async def _issue_refused(self, evidence: SignedEvidence) -> None:
        body = binding.encode(IssueCall(evidence, await self._wanted()))
        await self._refused(certificates.ISSUE.path, body, {REQUEST_ID: evidence.request_id})

    async def _refused(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """4xx, and a code."""
        headers = {"Content-Type": CONTENT_TYPE} | headers
        async with self._session() as session, session.post(self._url + path, data=body, headers=headers) as response:
            answer = await response.read()
        if not 400 <= response.status < 500:
            raise Unmet(f"status {response.status}")
        if response.content_type != CONTENT_TYPE:
            raise Unmet(f"status {response.status}, but not XML")
        try:
            binding.decode(wire.parse(answer, PLATFORM), Refusal)
        except WireError as error:
            raise Unmet(f"status {response.status}, but no Refusal: {error}") from None

    async def _not_served(self, context: ssl.SSLContext) -> None:
        connector = aiohttp.TCPConnector(ssl=context)
        try:
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.get(f"{self._url}/v1/kinds", headers=_id()) as response,
            ):
                raise Unmet(f"served, with status {response.status}")
        except (aiohttp.ClientConnectionError, ssl.SSLError, OSError):
            return

    def _session(self) -> aiohttp.ClientSession:
        headers = {} if self._login is None else {"Authorization": self._login.authorization}
        timeout = aiohttp.ClientTimeout(total=30)
        connector = aiohttp.TCPConnector(ssl=self._identity.context)
        return aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout)

    def _stranger(self) -> ssl.SSLContext:
        """A client that believes the platform and shows nothing of itself."""
        return ssl.create_default_context(cafile=str(self._identity.platform_ca))


def example_question(operation: Ask[Any, Any], evidence: SignedEvidence) -> Message:
    """The question of `operation` as the reference shows it; about whom `evidence` names, if it is about anybody."""
    document = wire.serialise(example(grammar().roots[operation.question.__name__]), PLATFORM)
    question: Message = binding.decode(wire.parse(document, PLATFORM), operation.question)
    return msgspec.structs.replace(question, evidence=evidence) if isinstance(question, AboutPerson) else question


def _nonsense(document: bytes) -> bytes:
    """The form of a signature."""
    return bytes(31) + b"\1" * 33


def _id() -> dict[str, str]:
    return {REQUEST_ID: uuid.uuid4().hex}
