"""The way to the platform: the step that fails is named, and only that one."""

import asyncio
import ssl
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest
from workbench import Bench, levels

from kiosk.clock import SystemClock
from kiosk.health.findings import Level
from kiosk.maintenance.certificates import CERTIFICATES
from kiosk.maintenance.line import Line
from kiosk.maintenance.network import NETWORK
from kiosk.maintenance.workshop import Workshop
from platform_client.sandbox.faults import Fault


class AnotherClock(SystemClock):
    """Off by `by`."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


def at(bench: Bench, url: str) -> Workshop:
    platform = msgspec.structs.replace(bench.profile.platform, url=url, connect_s=2.0)
    return replace(bench.workshop, profile=msgspec.structs.replace(bench.profile, platform=platform))


async def lines(workshop: Workshop) -> list[Line]:
    return [said async for said in NETWORK.run(workshop, "") if isinstance(said, Line)]


def failing(said: list[Line]) -> Line:
    """The one step that fails, with what to do in both languages."""
    (bad,) = [line for line in said if line.level is Level.FAIL]
    assert bad.remedy is not None and bad.remedy.zh and bad.remedy.en
    return bad


async def test_a_platform_that_is_well(bench: Bench) -> None:
    """F03: every step, with what was measured."""
    said = await bench.lines(NETWORK)
    assert levels(said) == {Level.OK}
    text = "\n".join(line.says.en for line in said)
    for step in ("DNS: localhost", "TCP", "TLS: TLSv1.3", "certificate localhost: valid until", "admits", "latency"):
        assert step in text
    assert "clock: " in text and "kiosk-0001" in text


async def test_a_name_that_cannot_be_resolved(bench: Bench) -> None:
    said = await lines(at(bench, "https://nowhere.invalid:1"))
    assert "DNS: nowhere.invalid" in failing(said).says.en
    assert len(said) == 1


async def test_nobody_listens(bench: Bench) -> None:
    said = await lines(at(bench, "https://127.0.0.1:1"))
    assert "TCP 127.0.0.1 1" in failing(said).says.en


async def test_somebody_who_speaks_no_tls(bench: Bench) -> None:
    async def mumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(mumble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert "TLS handshake failed" in failing(await lines(at(bench, f"https://127.0.0.1:{port}"))).says.en


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.UNKNOWN_AUTHORITY, ["not of platform.ca"]),
        (Fault.WRONG_HOST, ["of another host"]),
        (Fault.SERVER_EXPIRED, ["expired on", "its certificate has expired"]),
        (Fault.SERVER_NOT_YET_VALID, ["not valid before", "not valid yet"]),
        (Fault.OVERLOADED, ["answers 503"]),
        (Fault.WRONG_CLOCK, ["from the platform's"]),
        (Fault.UNREACHABLE, ["broke off"]),
    ],
)
async def test_what_is_wrong_with_a_platform_is_named(bench: Bench, fault: Fault, words: list[str]) -> None:
    """C01: a certificate is looked at although nobody believes it; whether it is believed, the transport says."""
    bench.sandbox.faults.active = fault
    said = await bench.lines(NETWORK)
    bad = [line for line in said if line.level is Level.FAIL]
    assert len(bad) == len(words)
    for line, word in zip(bad, words, strict=True):
        assert word in line.says.en and line.remedy is not None


async def test_our_own_clock_is_wrong(bench: Bench) -> None:
    """A clock that is off judges seals and evidence wrongly."""
    fast = replace(bench.workshop, clock=AnotherClock(timedelta(minutes=10)))
    assert "clock: +60" in failing(await lines(fast)).says.en
    a_little = replace(bench.workshop, clock=AnotherClock(timedelta(seconds=30)))
    said = await lines(a_little)
    assert [line.says.en[:9] for line in said if line.level is Level.WARN] == ["clock: +3"]


async def test_certificates_and_lists_with_their_dates(bench: Bench) -> None:
    """C17: what ends, and when."""
    said = await bench.lines(CERTIFICATES)
    text = "\n".join(line.says.en for line in said)
    for part in (
        "device certificate: valid until",
        "root of all seals: valid until",
        "intermediate",
        "revocation list of",
    ):
        assert part in text
    assert Level.FAIL not in levels(said)
    later = replace(bench.workshop, clock=AnotherClock(timedelta(days=4000)))
    bad = [line async for line in CERTIFICATES.run(later, "") if isinstance(line, Line) and line.level is Level.FAIL]
    assert any("revocation list of" in line.says.en for line in bad)
    assert any("device certificate: expired" in line.says.en for line in bad)


async def test_lists_that_cannot_be_had(bench: Bench) -> None:
    bench.sandbox.faults.active = Fault.UNREACHABLE
    assert "cannot be had" in failing(await bench.lines(CERTIFICATES)).says.en


def test_python_still_shows_the_chain() -> None:
    """A private name of ssl; gone, this says so before a technician does."""
    speaking = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")
    assert hasattr(speaking._sslobj, "get_unverified_chain")  # type: ignore[attr-defined]
