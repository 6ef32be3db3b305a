"""The client: five calls, one connection, every failure with a name (A01, C01, C12, C19).

A call carries its own id in `X-Request-Id`; the platform logs the same id, and so does the terminal's audit through
`observe`. For an issue the id is the idempotency key: asking again with it brings the same bytes, never a second
original. Cancelling the task that waits aborts the connection.
"""

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohttp

from platform_client import messages
from platform_client.evidence import SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.kinds import CertificateKind
from platform_client.messages import IssueCall, Rating, TrustFeed
from platform_client.wire import LIMIT_BYTES, WireError

REQUEST_ID: Final = "X-Request-Id"
CONTENT_TYPE: Final = "application/xml"
_UNAVAILABLE: Final = frozenset({502, 503, 504})
_T = TypeVar("_T")


class PlatformFault(Enum):
    """Why a call brought nothing."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    REFUSED = "refused"
    ANSWER_INVALID = "answer-invalid"
    NOT_TRUSTED = "not-trusted"


class PlatformError(Exception):
    """A call failed. `detail` is for the log: precise, and never personal data."""

    def __init__(self, kind: PlatformFault, detail: str) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call. `outcome`: "ok", the value of a PlatformFault, "cancelled", or "failed" for a bug."""

    operation: str
    request_id: str
    outcome: str
    seconds: float


class PlatformClient:
    """The platform at `base_url`, which must be https. Time-outs are in seconds: to connect, and for a whole call."""

    def __init__(
        self,
        base_url: str,
        identity: DeviceIdentity,
        *,
        connect_s: float,
        total_s: float,
        observe: Callable[[CallRecord], None] = lambda record: None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("the platform is called over https only")
        self._base_url = base_url.rstrip("/")
        self._identity = identity
        self._timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=connect_s)
        self._observe = observe
        self._session: aiohttp.ClientSession | None = None

    async def kinds(self) -> tuple[CertificateKind, ...]:
        """Everything the platform issues at this terminal; public."""
        return await self._call("kinds", "GET", "/v1/kinds", None, messages.decode_kinds)

    async def kinds_for(self, evidence: SignedEvidence) -> tuple[CertificateKind, ...]:
        """What the platform can issue to the person of `evidence`."""
        body = _encoded(lambda: messages.encode_kinds_query(evidence))
        return await self._call("kinds-for", "POST", "/v1/kinds/query", body, messages.decode_kinds)

    async def issue(self, request: IssueCall) -> bytes:
        """The sealed certificate, PDF. Nothing about it is verified here but that it answers this request."""

        def document(answer: bytes) -> bytes:
            issued = messages.decode_issued(answer)
            if issued.request_id != request.request_id:
                raise WireError("the answer to another request")
            return issued.pdf

        body = _encoded(lambda: messages.encode_issue_call(request))
        return await self._call("issue", "POST", "/v1/certificates", body, document, request_id=request.request_id)

    async def rate(self, request_id: str, stars: int) -> None:
        """One to five stars for the issue `request_id`, once (B21)."""
        body = _encoded(lambda: messages.encode_rating(Rating(request_id, stars)))
        await self._call("rate", "POST", "/v1/ratings", body, messages.decode_rating_taken)

    async def trust(self) -> TrustFeed:
        """Intermediate certificates and CRLs as they stand now."""
        return await self._call("trust", "GET", "/v1/trust", None, messages.decode_trust_feed)

    async def close(self) -> None:
        """End the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self,
        operation: str,
        method: str,
        path: str,
        body: bytes | None,
        decode: Callable[[bytes], _T],
        *,
        request_id: str | None = None,
    ) -> _T:
        call_id = request_id or uuid.uuid4().hex
        began, outcome = time.monotonic(), "failed"
        try:
            answer = _decoded(decode, await self._exchange(method, path, body, call_id))
            outcome = "ok"
        except PlatformError as error:
            outcome = error.kind.value
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._observe(CallRecord(operation, call_id, outcome, time.monotonic() - began))
        return answer

    async def _exchange(self, method: str, path: str, body: bytes | None, call_id: str) -> bytes:
        """One request and the body of its answer; the one place where errors of aiohttp and TLS get their names."""
        headers = {REQUEST_ID: call_id}
        if body is not None:
            headers["Content-Type"] = CONTENT_TYPE
        try:
            async with self._opened().request(
                method, self._base_url + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await _bounded(response)
        except aiohttp.ConnectionTimeoutError:
            raise PlatformError(PlatformFault.UNREACHABLE, "no connection in time") from None
        except TimeoutError:
            raise PlatformError(PlatformFault.SLOW, f"no answer within {self._timeout.total} s") from None
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError) as error:
            raise PlatformError(_connection_fault(error), type(error).__name__) from None
        except aiohttp.ClientError as error:
            raise PlatformError(PlatformFault.ANSWER_INVALID, type(error).__name__) from None
        _admit(response)
        if response.status != 200:
            raise PlatformError(PlatformFault.REFUSED, _decoded(messages.decode_refusal, answer))
        return answer

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._identity.context, limit=4, keepalive_timeout=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=False,
                auto_decompress=False,
                headers={"Accept": CONTENT_TYPE, "User-Agent": "onecard-kiosk"},
                skip_auto_headers=("Accept-Encoding",),
            )
        return self._session


def _encoded(encode: Callable[[], bytes]) -> bytes:
    try:
        return encode()
    except WireError as error:
        raise ValueError(f"not a call of our interface: {error}") from None


def _decoded(decode: Callable[[bytes], _T], answer: bytes) -> _T:
    try:
        return decode(answer)
    except WireError as error:
        raise PlatformError(PlatformFault.ANSWER_INVALID, str(error)) from None


def _connection_fault(error: Exception) -> PlatformFault:
    """TLS said no, in either direction, or nobody is there. A server that drops a handshake without an alert is not."""
    tls = isinstance(error, aiohttp.ClientSSLError) or isinstance(error.__cause__, ssl.SSLError)
    return PlatformFault.NOT_TRUSTED if tls else PlatformFault.UNREACHABLE


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, unless it is longer than any of our documents."""
    parts = bytearray()
    async for part in response.content.iter_any():
        parts += part
        if len(parts) > LIMIT_BYTES:
            response.close()
            raise PlatformError(PlatformFault.ANSWER_INVALID, f"more than {LIMIT_BYTES} bytes")
    return bytes(parts)


def _admit(response: aiohttp.ClientResponse) -> None:
    """Answers are 200 or a refusal (4xx), in XML. A redirect is never followed: it may lead out of the pinned trust."""
    if 300 <= response.status < 400:
        raise PlatformError(PlatformFault.NOT_TRUSTED, f"redirect ({response.status})")
    if response.status in _UNAVAILABLE:
        raise PlatformError(PlatformFault.UNREACHABLE, f"status {response.status}")
    if response.status != 200 and not 400 <= response.status < 500:
        raise PlatformError(PlatformFault.ANSWER_INVALID, f"status {response.status}")
    if response.content_type != CONTENT_TYPE:
        raise PlatformError(PlatformFault.ANSWER_INVALID, "not XML")
