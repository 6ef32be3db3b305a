"""The transport as it is: HTTPS by aiohttp with this terminal's identity, and the one place where errors of sockets,
TLS and HTTP get their names (C01).

A redirect is never followed: it may lead out of the pinned trust. Nothing of the environment counts (proxies, netrc),
no cookie is kept, and no answer is decompressed: a small answer cannot become a large one.
"""

import contextlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

import aiohttp

from platform_client.errors import PlatformError, PlatformFault
from platform_client.login import Login
from platform_client.patience import PATIENT, Patience
from platform_client.transport import CONTENT_TYPE, REQUEST_ID, Request, Response, require_https

CONNECTIONS: Final = 4
KEEPALIVE_S: Final = 60.0


class Shown(Protocol):
    """How a terminal shows itself, and whom it believes: an identity or, before it has one, a newcomer."""

    @property
    def context(self) -> ssl.SSLContext: ...

    @property
    def thumbprint(self) -> bytes:
        """Of the certificate that is shown now."""


class HttpsTransport:
    """The platform at `base_url`, called as `identity` and, where the platform asks for it, with `login`."""

    def __init__(
        self, base_url: str, identity: Shown, login: Login | None = None, patience: Patience = PATIENT
    ) -> None:
        require_https(base_url)
        self._base_url = base_url.rstrip("/")
        self._identity = identity
        self._login = login
        self._timeout = aiohttp.ClientTimeout(sock_connect=patience.connect_s, sock_read=patience.read_s)
        self._session: aiohttp.ClientSession | None = None
        self._shown = identity.thumbprint
        self._former: list[aiohttp.ClientSession] = []

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        headers = {REQUEST_ID: request.request_id}
        if request.body:
            headers["Content-Type"] = CONTENT_TYPE
        if self._login is not None:
            headers["Authorization"] = self._login.authorization
        with _named(PlatformFault.SLOW, self._timeout):
            response = await self._opened().request(
                request.method,
                self._base_url + request.path,
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
            )
        try:
            yield Response(
                response.status,
                response.content_type,
                self._parts(response),
                response.headers.get("Location", ""),
                _date(response.headers.get("Date", "")),
                _seconds(response.headers.get("Retry-After", "")),
            )
        finally:
            # Left before its end, the connection holds the rest of an answer that nobody wants: no farewell of TLS,
            # which the other side could delay.
            if response.connection is not None and response.connection.transport is not None:
                response.connection.transport.abort()
            response.close()

    async def close(self) -> None:
        sessions = [*self._former, *filter(None, (self._session,))]
        self._session, self._former = None, []
        for session in sessions:
            await session.close()

    async def _parts(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        with _named(PlatformFault.DRIPPING, self._timeout):
            async for part in response.content.iter_any():
                yield part

    def _opened(self) -> aiohttp.ClientSession:
        """A session whose connections show the present certificate; what is under way with a former one may end."""
        if self._session is not None and self._shown != self._identity.thumbprint:
            self._former.append(self._session)
            self._session = None
        self._shown = self._identity.thumbprint
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._identity.context, limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_S
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                trust_env=False,
                auto_decompress=False,
                headers={"Accept": CONTENT_TYPE, "User-Agent": "onecard-kiosk"},
                skip_auto_headers=("Accept-Encoding",),
            )
        return self._session


@contextlib.contextmanager
def _named(late: PlatformFault, timeout: aiohttp.ClientTimeout) -> Iterator[None]:
    """Errors of aiohttp by our names; `late`: what it is when nothing comes for as long as `timeout` says."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise PlatformError(PlatformFault.UNREACHABLE, f"no connection within {timeout.sock_connect} s") from None
    except TimeoutError:
        raise PlatformError(late, f"nothing came for {timeout.sock_read} s") from None
    except aiohttp.ClientPayloadError:
        raise PlatformError(PlatformFault.TRUNCATED, "the connection ended before the answer") from None
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise PlatformError(_connection_fault(error), type(error).__name__) from None
    except aiohttp.ClientError as error:
        raise PlatformError(PlatformFault.NOT_HTTP, type(error).__name__) from None


# X509_V_ERR_… of OpenSSL (x509_vfy.h): what is wrong with the certificate that the other side shows.
_VERIFY: Final = {
    9: PlatformFault.CERTIFICATE_NOT_YET_VALID,
    10: PlatformFault.CERTIFICATE_EXPIRED,
    18: PlatformFault.UNKNOWN_AUTHORITY,
    19: PlatformFault.UNKNOWN_AUTHORITY,
    20: PlatformFault.UNKNOWN_AUTHORITY,
    21: PlatformFault.UNKNOWN_AUTHORITY,
    62: PlatformFault.WRONG_HOST,
    64: PlatformFault.WRONG_HOST,
}
_OLD: Final = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION")
# Alerts about our own certificate (RFC 8446, section 6.2), as OpenSSL spells them.
_NOT_ADMITTED: Final = (
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_",
    "ALERT_UNKNOWN_CA",
    "ALERT_ACCESS_DENIED",
    "ALERT_DECRYPT_ERROR",
)


def _connection_fault(error: Exception) -> PlatformFault:
    """TLS said no, in either direction, or nobody is there. A server that drops a handshake without an alert is not."""
    tls = _tls_error(error)
    if tls is None:
        return PlatformFault.UNREACHABLE
    if isinstance(tls, ssl.SSLCertVerificationError):
        return _VERIFY.get(tls.verify_code, PlatformFault.TLS_BROKEN)
    reason = tls.reason or ""
    if any(word in reason for word in _OLD):
        return PlatformFault.TLS_TOO_OLD
    if any(word in reason for word in _NOT_ADMITTED):
        return PlatformFault.TERMINAL_REFUSED
    return PlatformFault.TLS_BROKEN


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """aiohttp wraps the error of a handshake, and of a connection that TLS ends later, in different ways."""
    while error is not None:
        for inner in (getattr(error, "certificate_error", None), getattr(error, "os_error", None), error):
            if isinstance(inner, ssl.SSLError):
                return inner
        error = error.__cause__
    return None


def _seconds(header: str) -> float | None:
    return float(header) if header.isascii() and header.isdigit() and len(header) < 6 else None


def _date(header: str) -> datetime | None:
    try:
        said = parsedate_to_datetime(header)
    except ValueError:
        return None
    return said if said.tzinfo else said.replace(tzinfo=UTC)
