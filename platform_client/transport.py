"""The seam: one request out, one response in. Behind it is TLS and a socket (https.py) or, in a test, ten lines."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

CONTENT_TYPE: Final = "application/xml"
REQUEST_ID: Final = "X-Request-Id"


def require_https(url: str) -> None:
    """Raises ValueError for any other way to call a platform."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("the platform is called over https only")


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request. `body` is XML, empty for a GET."""

    method: Literal["GET", "POST"]
    path: str
    request_id: str
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path}, {self.request_id})"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """The head of a response, and its body piece by piece as it arrives.

    `at`: the platform's clock (Date). `retry_after_s`: how long it asks to be left alone (Retry-After).
    """

    status: int
    content_type: str
    parts: AsyncGenerator[bytes, None]
    location: str = ""
    at: datetime | None = None
    retry_after_s: float | None = None

    @classmethod
    def of(cls, body: bytes, status: int = 200) -> "Response":
        """A response that is already there."""

        async def whole() -> AsyncGenerator[bytes, None]:
            yield body

        return cls(status, CONTENT_TYPE, whole())

    def __repr__(self) -> str:
        return f"Response({self.status})"


class Transport(Protocol):
    """`exchange` raises PlatformError, also while the body is read. Leaving its context early aborts the connection."""

    def exchange(self, request: Request) -> AbstractAsyncContextManager[Response]: ...

    async def close(self) -> None: ...
