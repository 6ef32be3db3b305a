"""Bad days: late, broken, foreign and misleading answers, each with its own name; how often one asks again, and when
one stops asking (C01, C12)."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from platform_world import Talk, call_of, client_for, evidence_of, issue, kinds, raw_server, saying

from platform_client import binding, certificates, wire
from platform_client.breaker import FAILURES, LONGEST_REST_S, REST_S, SPREAD, Breaker
from platform_client.certificates import IssueCall, Issued, Kinds, KindsQuery, OfferedKinds
from platform_client.client import CallRecord, PlatformClient
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.operation import About
from platform_client.patience import Patience
from platform_client.ratings import RATE, Rating
from platform_client.sandbox.pki import SandboxPki
from platform_client.transport import Request, Response

XML = "Content-Type: application/xml"
NOTHING = binding.encode(Kinds(()))


async def fault_of(client: PlatformClient) -> PlatformFault:
    """Why asking for the kinds fails."""
    try:
        with pytest.raises(PlatformError) as failed:
            await kinds(client)
    finally:
        await client.close()
    return failed.value.kind


def answering(*talks: Talk) -> tuple[Talk, list[bytes]]:
    """A platform that behaves on each connection as the next of `talks` says, and the heads of what it was asked."""
    heads: list[bytes] = []
    left = list(talks)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        class Overheard:
            async def readuntil(self, end: bytes) -> bytes:
                heads.append(await reader.readuntil(end))
                return heads[-1]

        await (left.pop(0) if len(left) > 1 else left[0])(Overheard(), writer)  # type: ignore[arg-type]

    return talk, heads


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


# --- the seam --------------------------------------------------------------------------------------------------------


class Canned:
    """What a test needs of a transport: these ten lines."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies, self.asked = list(bodies), list[Request]()

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        self.asked.append(request)
        yield Response.of(self.bodies.pop(0))

    async def close(self) -> None: ...


async def test_a_transport_is_ten_lines() -> None:
    canned = Canned(NOTHING, NOTHING)
    client = PlatformClient(canned)
    assert await kinds(client) == () == await kinds(client)
    assert [(asked.method, asked.path, asked.body) for asked in canned.asked] == [("GET", "/v1/kinds", b"")] * 2
    assert canned.asked[0].request_id != canned.asked[1].request_id, "C20: the same question twice is two calls"


async def test_one_connection_serves_many_calls(pki: SandboxPki, identity: DeviceIdentity) -> None:
    """What is aborted is what nobody wants to the end, and nothing else."""
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(f"HTTP/1.1 200 OK\r\n{XML}\r\nContent-Length: {len(NOTHING)}\r\n\r\n".encode() + NOTHING)
        writer.close()

    async with raw_server(pki, talk) as port:
        client = client_for(port, identity)
        for _ in range(3):
            assert await kinds(client) == ()
        await client.close()
    assert connections == 1


# --- late ------------------------------------------------------------------------------------------------------------


async def test_a_stalled_answer_and_a_dripping_one(pki: SandboxPki, identity: DeviceIdentity) -> None:
    """The deadline from byte to byte catches the first, only the deadline of the whole call the second."""
    gone = asyncio.Event()

    def announced(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{XML}\r\nContent-Length: {len(NOTHING)}\r\n\r\n".encode())

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        announced(writer)
        writer.write(NOTHING[:10])
        await reader.read()
        gone.set()
        writer.close()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        announced(writer)
        with contextlib.suppress(OSError):
            for octet in NOTHING:
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(0.1)
        writer.close()

    async with raw_server(pki, stall) as port:
        assert await fault_of(client_for(port, identity, read_s=0.3)) is PlatformFault.DRIPPING
        await asyncio.wait_for(gone.wait(), 5)
    async with raw_server(pki, drip) as port:
        assert await fault_of(client_for(port, identity, read_s=5.0, total_s=1.0)) is PlatformFault.DRIPPING


async def test_silence_is_slow(pki: SandboxPki, identity: DeviceIdentity) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async with raw_server(pki, silent) as port:
        assert await fault_of(client_for(port, identity, read_s=0.3)) is PlatformFault.SLOW
        assert await fault_of(client_for(port, identity, total_s=0.3)) is PlatformFault.SLOW


@pytest.mark.parametrize("begun", [False, True], ids=["before the answer", "in its midst"])
async def test_the_socket_feels_a_cancellation_at_once(pki: SandboxPki, identity: DeviceIdentity, begun: bool) -> None:
    """Whatever the other side is doing: the connection is aborted, without a farewell of TLS that it could delay.

    Nothing else runs on this loop, so the time between is that of the cancellation. The target is 50 ms; a loaded
    machine is given more.
    """
    waiting, gone = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if begun:
            writer.write(f"HTTP/1.1 200 OK\r\n{XML}\r\nContent-Length: 100\r\n\r\n<Kinds".encode())
            await writer.drain()
        waiting.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set_result(time.monotonic())
        writer.close()

    calls: list[CallRecord] = []
    async with raw_server(pki, talk) as port:
        client = client_for(port, identity, observe=calls.append)
        asking = asyncio.create_task(kinds(client))
        await asyncio.wait_for(waiting.wait(), 5)
        await asyncio.sleep(0.05 if begun else 0)  # the head has arrived
        cancelled = time.monotonic()
        asking.cancel()
        took_s = await asyncio.wait_for(gone, 5) - cancelled
        with pytest.raises(asyncio.CancelledError):
            await asking
        await client.close()
    assert took_s < 1.0
    assert [call.outcome for call in calls] == ["cancelled"]


# --- broken ----------------------------------------------------------------------------------------------------------


async def test_a_truncated_answer_is_asked_for_again_under_the_same_id(
    pki: SandboxPki, identity: DeviceIdentity
) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{XML}\r\nContent-Length: {len(NOTHING)}\r\n\r\n".encode() + NOTHING[:20])
        await writer.drain()
        writer.close()

    talk, heads = answering(half, half, saying("200 OK", NOTHING, XML))
    calls: list[CallRecord] = []
    async with raw_server(pki, talk) as port:
        client = client_for(port, identity, observe=calls.append)
        assert await kinds(client) == ()
        await client.close()
    assert len({line for head in heads for line in head.split(b"\r\n") if line.startswith(b"X-Request-Id")}) == 1
    assert [(call.outcome, call.tries) for call in calls] == [("ok", 3)]
    talk, _ = answering(half)
    async with raw_server(pki, talk) as port:
        assert await fault_of(client_for(port, identity)) is PlatformFault.TRUNCATED


async def test_what_may_not_be_repeated_is_sent_once(pki: SandboxPki, identity: DeviceIdentity) -> None:
    talk, heads = answering(hang_up)
    async with raw_server(pki, talk) as port:
        client = client_for(port, identity)
        with pytest.raises(PlatformError):
            await client.call(RATE, Rating(uuid.uuid4().hex, 5))
        assert len(heads) == 1
        with pytest.raises(PlatformError):
            await client.call(certificates.ISSUE, call_of(identity))
        assert len(heads) == 1 + Patience().tries
        await client.close()


async def test_a_clock_that_is_wrong_is_named(pki: SandboxPki, identity: DeviceIdentity) -> None:
    async with raw_server(pki, saying("200 OK", NOTHING, XML, "Date: Wed, 25 Nov 2026 12:00:00 GMT")) as port:
        right, wrong = (datetime(2026, 11, 25, 12, minute, tzinfo=UTC) for minute in (1, 3))
        client = client_for(port, identity, now=lambda: right)
        assert await kinds(client) == ()
        await client.close()
        assert await fault_of(client_for(port, identity, now=lambda: wrong)) is PlatformFault.CLOCK_SKEW


# --- foreign ---------------------------------------------------------------------------------------------------------


def about(evidence: SignedEvidence) -> About:
    return About(evidence.request_id, evidence.nonce, evidence.subject_digest)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"request_id": "0" * 32}, PlatformFault.OTHER_REQUEST),
        ({"nonce": "0" * 32}, PlatformFault.WRONG_NONCE),
        ({"subject_digest": "0" * 64}, PlatformFault.OTHER_PERSON),
    ],
    ids=["another request's", "of another moment", "about another person"],
)
async def test_an_answer_that_is_not_ours_is_not_let_in(
    identity: DeviceIdentity, change: dict[str, str], fault: PlatformFault
) -> None:
    """C12, E02: request, nonce and person of an answer are those that were asked, one by one."""
    evidence = evidence_of(identity)
    ours = about(evidence)
    other = About(**{name: change.get(name, getattr(ours, name)) for name in ours.__struct_fields__})
    good, bad = (binding.encode(Issued(said, b"%PDF-")) for said in (ours, other))
    client = PlatformClient(Canned(good, bad, binding.encode(OfferedKinds(other, ()))))
    assert await issue(client, IssueCall(evidence, "household")) == b"%PDF-"
    with pytest.raises(PlatformError) as failed:
        await issue(client, IssueCall(evidence, "household"))
    assert failed.value.kind is fault
    with pytest.raises(PlatformError) as failed:
        await client.call(certificates.KINDS_FOR, KindsQuery(evidence))
    assert failed.value.kind is fault


async def test_evidence_that_was_received_is_never_sent_on(identity: DeviceIdentity) -> None:
    """E01: a client sends what this terminal signed and nothing else."""
    sent = binding.encode(KindsQuery(evidence_of(identity)))
    received = binding.decode(wire.parse(sent, wire.PLATFORM), KindsQuery)
    with pytest.raises(TypeError, match="not ours"):
        await PlatformClient(Canned()).call(certificates.KINDS_FOR, received)


# --- the breaker -----------------------------------------------------------------------------------------------------


class Watch:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def fail(breaker: Breaker, kind: PlatformFault = PlatformFault.UNREACHABLE, **more: float) -> PlatformError:
    with pytest.raises(PlatformError) as failed, breaker.passing():
        raise PlatformError(kind, "as a test wants it", **more)
    return failed.value


def test_after_some_silences_the_platform_is_left_alone_for_longer_and_longer() -> None:
    watch = Watch()
    breaker = Breaker(watch)
    for _ in range(FAILURES):
        assert fail(breaker).kind is PlatformFault.UNREACHABLE
    rests = []
    for _ in range(6):
        resting = fail(breaker)
        assert resting.kind is PlatformFault.RESTING and resting.retry_in_s is not None
        rests.append(resting.retry_in_s)
        watch.now_s += resting.retry_in_s
        assert fail(breaker).kind is PlatformFault.UNREACHABLE, "one call tries"
    for rest, least in zip(rests, (REST_S, 10, 20, 40, LONGEST_REST_S, LONGEST_REST_S), strict=True):
        assert least <= rest <= least * (1 + SPREAD)


def test_only_one_call_tries_and_its_success_closes() -> None:
    watch = Watch()
    breaker = Breaker(watch)
    for _ in range(FAILURES):
        fail(breaker)
    watch.now_s += LONGEST_REST_S
    with breaker.passing():
        assert fail(breaker).kind is PlatformFault.RESTING
    assert fail(breaker).kind is PlatformFault.UNREACHABLE
    with breaker.passing():
        pass
    for _ in range(FAILURES - 1):
        fail(breaker)
    assert fail(breaker).kind is PlatformFault.UNREACHABLE, "the count began anew"


def test_a_cancelled_try_lets_the_next_one_try() -> None:
    watch = Watch()
    breaker = Breaker(watch)
    for _ in range(FAILURES):
        fail(breaker)
    watch.now_s += LONGEST_REST_S
    with pytest.raises(asyncio.CancelledError), breaker.passing():
        raise asyncio.CancelledError
    with breaker.passing():
        pass


def test_a_refusal_is_a_sign_of_life_and_a_wish_to_be_left_alone_is_granted() -> None:
    watch = Watch()
    breaker = Breaker(watch)
    for _ in range(FAILURES * 2):
        assert fail(breaker, PlatformFault.REFUSED).kind is PlatformFault.REFUSED
    fail(breaker, PlatformFault.OVERLOADED, retry_in_s=30.0)
    resting = fail(breaker)
    assert resting.kind is PlatformFault.RESTING and resting.retry_in_s == 30.0


async def test_while_it_rests_nothing_is_sent_and_nothing_is_observed(
    pki: SandboxPki, identity: DeviceIdentity
) -> None:
    talk, heads = answering(saying("503 Service Unavailable", b"", XML, "Retry-After: 30"))
    calls: list[CallRecord] = []
    async with raw_server(pki, talk) as port:
        client = client_for(port, identity, observe=calls.append)
        with pytest.raises(PlatformError) as failed:
            await kinds(client)
        assert failed.value.kind is PlatformFault.OVERLOADED and len(heads) == 1
        assert await fault_of(client) is PlatformFault.RESTING
    assert len(heads) == len(calls) == 1
