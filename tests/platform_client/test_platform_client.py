"""The client over real TLS on loopback: whom it believes, what it refuses, how it names a failure (C01, A01, C19)."""

import asyncio
import contextlib
import ssl
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from platform_world import (
    TERMINAL,
    Platform,
    alerting_server,
    call_of,
    client_for,
    evidence_of,
    identity_of,
    issue,
    kinds,
    raw_server,
    saying,
    server_context,
)

from platform_client import binding, certificates, wire
from platform_client.certificates import IssueCall, Issued, KindsQuery
from platform_client.client import CallRecord, PlatformClient
from platform_client.errors import PlatformError, PlatformFault
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.operation import About
from platform_client.ratings import RATE, Rating
from platform_client.refusal import Refusal
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.typeface import Typecase
from platform_client.trust import TRUST

XML = "Content-Type: application/xml"
REFUSAL = binding.encode(Refusal("x"))


async def fault_of(client: PlatformClient) -> PlatformFault:
    """Why asking for the kinds fails."""
    try:
        with pytest.raises(PlatformError) as failed:
            await kinds(client)
    finally:
        await client.close()
    return failed.value.kind


# --- whom the terminal believes, and who believes the terminal -------------------------------------------------------


def test_plain_http_is_refused_at_construction(identity: DeviceIdentity) -> None:
    for url in ("http://localhost:1", "localhost:1", "https://", "ftp://localhost"):
        with pytest.raises(ValueError, match="https"):
            HttpsTransport(url, identity)


async def test_a_platform_of_another_authority_is_not_trusted(
    platform: Platform, pki: SandboxPki, tmp_path: Path
) -> None:
    other = make(tmp_path, terminals=[TERMINAL], now=datetime.now(UTC))
    mine = pki.kiosk(TERMINAL)
    identity = DeviceIdentity(mine.certificate, mine.key, other.tls_ca.certificate)
    assert await fault_of(client_for(platform.port, identity)) is PlatformFault.UNKNOWN_AUTHORITY


async def test_a_terminal_of_another_authority_is_not_served(
    platform: Platform, pki: SandboxPki, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = make(tmp_path, terminals=[TERMINAL], now=datetime.now(UTC)).kiosk(TERMINAL)
    identity = DeviceIdentity(other.certificate, other.key, pki.tls_ca.certificate)
    with caplog.at_level("INFO"):
        await fault_of(client_for(platform.port, identity))
    assert "operation=" not in caplog.text
    strict = server_context(pki)
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.load_verify_locations(pki.tls_ca.certificate)
    async with alerting_server(strict) as port:
        assert await fault_of(client_for(port, identity)) is PlatformFault.TERMINAL_REFUSED


async def test_no_client_certificate_no_service(platform: Platform, pki: SandboxPki) -> None:
    context = ssl.create_default_context(cafile=str(pki.tls_ca.certificate))
    reader, writer = await asyncio.open_connection("localhost", platform.port, ssl=context)
    writer.write(b"GET /v1/kinds HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with contextlib.suppress(OSError):
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_tls_1_2_is_refused_by_both_ends(platform: Platform, pki: SandboxPki, identity: DeviceIdentity) -> None:
    old_server = server_context(pki)
    old_server.maximum_version = ssl.TLSVersion.TLSv1_2
    async with alerting_server(old_server) as port:
        assert await fault_of(client_for(port, identity)) is PlatformFault.TLS_TOO_OLD
    old_client = ssl.create_default_context(cafile=str(pki.tls_ca.certificate))
    old_client.maximum_version = ssl.TLSVersion.TLSv1_2
    old_client.load_cert_chain(pki.kiosk(TERMINAL).certificate, pki.kiosk(TERMINAL).key)
    with pytest.raises(OSError):
        await asyncio.open_connection("localhost", platform.port, ssl=old_client)


async def test_another_host_and_an_expired_certificate_are_not_trusted(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity, tmp_path: Path
) -> None:
    sandbox = Sandbox(pki, typecase)
    port = await sandbox.start("127.0.0.2", 0)
    stranger = client_for(port, identity, host="127.0.0.2")
    assert await fault_of(stranger) is PlatformFault.WRONG_HOST
    await sandbox.stop()
    aged = make(tmp_path, terminals=[TERMINAL], now=datetime.now(UTC) - timedelta(days=500))
    async with raw_server(aged, saying("200 OK", b"", XML)) as port:
        assert await fault_of(client_for(port, identity_of(aged))) is PlatformFault.CERTIFICATE_EXPIRED


# --- what the terminal refuses to take -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("http://localhost/", PlatformFault.REDIRECTED_TO_HTTP),
        ("https://localhost/elsewhere", PlatformFault.REDIRECTED),
    ],
)
async def test_a_redirect_is_refused(
    pki: SandboxPki, identity: DeviceIdentity, target: str, fault: PlatformFault
) -> None:
    async with raw_server(pki, saying("307 Temporary Redirect", b"", f"Location: {target}")) as port:
        assert await fault_of(client_for(port, identity)) is fault


@pytest.mark.parametrize(
    ("status", "body", "header", "fault"),
    [
        ("200 OK", b"<html/>", "Content-Type: text/html", PlatformFault.WRONG_CONTENT_TYPE),
        ("200 OK", b"<Kinds/>", XML, PlatformFault.WRONG_SCHEMA),
        ("200 OK", REFUSAL, XML, PlatformFault.WRONG_SCHEMA),
        ("403 Forbidden", REFUSAL, XML, PlatformFault.REFUSED),
        ("403 Forbidden", b"go away", XML, PlatformFault.MALFORMED),
        ("500 Internal Server Error", b"", XML, PlatformFault.FAILED),
        ("503 Service Unavailable", b"", XML, PlatformFault.OVERLOADED),
        ("2oo", b"", XML, PlatformFault.NOT_HTTP),
    ],
    ids=["html", "schema", "wrong message", "refusal", "no code", "crash", "maintenance", "not http"],
)
async def test_answers_that_are_none(
    pki: SandboxPki, identity: DeviceIdentity, status: str, body: bytes, header: str, fault: PlatformFault
) -> None:
    async with raw_server(pki, saying(status, body, header)) as port:
        assert await fault_of(client_for(port, identity)) is fault


async def test_an_answer_without_end_is_cut(pki: SandboxPki, identity: DeviceIdentity) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{XML}\r\nContent-Length: {10**9}\r\n\r\n".encode())
        writer.write(b"<Kinds>" + b" " * wire.LIMIT_BYTES)
        await reader.read()
        writer.close()

    async with raw_server(pki, talk) as port:
        assert await fault_of(client_for(port, identity, total_s=5.0)) is PlatformFault.TOO_LARGE


async def test_the_answer_to_another_request_is_refused(pki: SandboxPki, identity: DeviceIdentity) -> None:
    body = binding.encode(Issued(About(uuid.uuid4().hex, uuid.uuid4().hex, "0" * 64), b"%PDF-"))
    async with raw_server(pki, saying("200 OK", body, XML)) as port:
        calls: list[CallRecord] = []
        client = client_for(port, identity, observe=calls.append)
        with pytest.raises(PlatformError) as failed:
            await issue(client, call_of(identity))
        await client.close()
    assert failed.value.kind is PlatformFault.OTHER_REQUEST
    assert [call.outcome for call in calls] == ["other-request"]


# --- absent, slow, cancelled -----------------------------------------------------------------------------------------


async def test_nobody_listens(pki: SandboxPki, identity: DeviceIdentity) -> None:
    async with raw_server(pki, saying("200 OK", b"")) as port:
        pass
    assert await fault_of(client_for(port, identity)) is PlatformFault.UNREACHABLE


async def test_a_listener_that_never_shakes_hands_is_unreachable(identity: DeviceIdentity) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        client = client_for(server.sockets[0].getsockname()[1], identity, connect_s=0.2)
        assert await fault_of(client) is PlatformFault.UNREACHABLE


async def test_slow_is_named(platform: Platform, identity: DeviceIdentity) -> None:
    platform.sandbox.faults.active = Fault.SLOW
    assert await fault_of(client_for(platform.port, identity, total_s=0.3)) is PlatformFault.SLOW


async def test_the_cable_is_pulled_and_put_back(platform: Platform) -> None:
    assert await kinds(platform.client)
    platform.sandbox.faults.active = Fault.UNREACHABLE
    with pytest.raises(PlatformError) as failed:
        await kinds(platform.client)
    assert failed.value.kind is PlatformFault.UNREACHABLE
    platform.sandbox.faults.active = None
    assert await kinds(platform.client)


# --- the five calls --------------------------------------------------------------------------------------------------


async def test_the_main_road(platform: Platform, identity: DeviceIdentity) -> None:
    everything = await kinds(platform.client)
    assert {kind.code for kind in everything} >= {"social-insurance", "household"}
    evidence = evidence_of(identity)
    offered = (await platform.client.call(certificates.KINDS_FOR, KindsQuery(evidence))).kinds
    assert offered == tuple(kind for kind in everything if kind.code != "birth"), "which is for children"
    assert (await issue(platform.client, IssueCall(evidence, "household"))).startswith(b"%PDF-")
    await platform.client.call(RATE, Rating(evidence.request_id, 5))
    feed = await platform.client.fetch(TRUST)
    assert len(feed.intermediates) == 1 and len(feed.crls) == 2
    assert [(record.operation, record.outcome) for record in platform.calls] == [
        ("kinds", "ok"),
        ("kinds-for", "ok"),
        ("issue", "ok"),
        ("rate", "ok"),
        ("trust", "ok"),
    ]


async def test_refusals_carry_their_code(platform: Platform) -> None:
    platform.sandbox.faults.active = Fault.REFUSE
    with pytest.raises(PlatformError) as failed:
        await kinds(platform.client)
    assert (failed.value.kind, failed.value.detail) == (PlatformFault.REFUSED, "not-granted")


async def test_a_call_that_breaks_the_schema_is_never_sent(platform: Platform) -> None:
    with pytest.raises(ValueError, match="not a question"):
        await platform.client.call(RATE, Rating(uuid.uuid4().hex, 6))
    assert platform.calls == []
