"""A citizen who does not exist, a terminal with a certificate, and servers that answer whatever a test wants."""

import asyncio
import contextlib
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Literal

from platform_client import certificates
from platform_client.certificates import IssueCall
from platform_client.client import CallRecord, PlatformClient
from platform_client.evidence import Evidence, Moment, SignedEvidence, Signer
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.kinds import CertificateKind
from platform_client.login import Login
from platform_client.patience import Patience
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.typeface import Typecase

TERMINAL = "kiosk-test"
NAME, NUMBER = "欧阳·测试", "999900199001010014"


class Kind(Enum):
    RESIDENT = "resident"


@dataclass(frozen=True)
class Authenticity:
    level: Literal["reader"] = "reader"
    checks: tuple[str, ...] = ("sam-id bound",)


@dataclass(frozen=True)
class Card:
    """Stands for a card that was read."""

    name: str = NAME
    number: str = NUMBER
    reader_id: str = "reader-1"
    kind: Kind = Kind.RESIDENT
    authenticity: Authenticity = Authenticity()


@dataclass(frozen=True)
class Match:
    """Stands for a live match."""

    model: str = "dlib-face-resnet-v1"
    weights_sha256: str = "a" * 64
    score: float = 0.31
    threshold: float = 0.5
    population: str = ""
    validated: bool = False
    liveness: dict[str, float] = field(default_factory=lambda: {"turn-left": 24.5, "planarity": 0.08})
    frames: int = 31


@dataclass
class Platform:
    """A running sandbox and a client of it; `calls` is what the client's observer saw."""

    sandbox: Sandbox
    port: int
    client: PlatformClient
    calls: list[CallRecord]


def identity_of(pki: SandboxPki, terminal: str = TERMINAL) -> DeviceIdentity:
    credential = pki.kiosk(terminal)
    return DeviceIdentity(credential.certificate, credential.key, pki.tls_ca.certificate)


def client_for(
    port: int,
    identity: DeviceIdentity,
    *,
    host: str = "localhost",
    login: Login | None = None,
    observe: Callable[[CallRecord], None] = lambda record: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    **changes: float,
) -> PlatformClient:
    patience = replace(Patience(backoff_s=0.01), **changes)  # type: ignore[arg-type]
    return PlatformClient(
        HttpsTransport(f"https://{host}:{port}", identity, login, patience), patience, observe=observe, now=now
    )


@contextlib.asynccontextmanager
async def built(pki: SandboxPki, typecase: Typecase, options: Options) -> AsyncIterator[Platform]:
    """A platform whose sources answer at once, and a client of it."""
    sandbox = Sandbox(pki, typecase, options)
    port = await sandbox.start("127.0.0.1", 0)
    for source in sandbox.sources.values():
        source.latency_s = 0.0
    client = client_for(port, identity_of(pki), total_s=60.0)
    try:
        yield Platform(sandbox, port, client, [])
    finally:
        await client.close()
        await sandbox.stop()


async def kinds(client: PlatformClient) -> tuple[CertificateKind, ...]:
    return (await client.fetch(certificates.KINDS)).kinds


async def issue(client: PlatformClient, call: IssueCall) -> bytes:
    return (await client.call(certificates.ISSUE, call)).document


def evidence_of(
    signer: Signer,
    *,
    card: Card | None = None,
    match: Match | None = None,
    terminal: str = TERMINAL,
    request_id: str | None = None,
    nonce: str | None = None,
    at: datetime | None = None,
) -> SignedEvidence:
    moment = Moment(
        terminal, request_id or uuid.uuid4().hex, nonce or uuid.uuid4().hex, at or datetime.now(UTC), "0.1.0"
    )
    return Evidence.of(card or Card(), match or Match(), moment).signed(signer)


def call_of(signer: Signer, kind: str = "social-insurance", **changes: object) -> IssueCall:
    return IssueCall(evidence_of(signer, **changes), kind)  # type: ignore[arg-type]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def server_context(pki: SandboxPki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    return context


@contextlib.asynccontextmanager
async def raw_server(pki: SandboxPki, talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TLS server with the platform's genuine certificate and a conversation of the test's own; yields its port."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context or server_context(pki))
    async with server:
        yield server.sockets[0].getsockname()[1]


def saying(status: str, body: bytes, *headers: str) -> Talk:
    """A conversation: read the request's head, give this answer, hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    return talk


@contextlib.asynccontextmanager
async def alerting_server(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A TLS server that says why it ends a handshake, as front-ends do; asyncio's own drops it without a word."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        refused = False
        # After the alert, read on until the peer hangs up: closing with unread bytes would reset the connection.
        while data := await reader.read(65536):
            if refused:
                continue
            incoming.write(data)
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                refused = True
            writer.write(outgoing.read())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
