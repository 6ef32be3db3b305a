"""Many at once: 200 requests for a certificate from 50 terminals, and as many POSTs to a server that does nothing.

Both servers are processes of their own behind the same TLS (1.3, client certificates), each terminal is its own client
with its own certificate, and every request is about another person. A wrong answer is one that the client lets in and
that does not carry, under the seal, the digest of the person who was asked about and the request's own id.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Final

import aiohttp

from kiosk.bench.timing import NotMeasured
from platform_client import certificates
from platform_client.binding import encode
from platform_client.certificates import IssueCall
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.evidence import Evidence, Moment, SignedEvidence
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.nobody import Card, Face
from platform_client.patience import Patience
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.registry import check_character
from platform_client.transport import CONTENT_TYPE, REQUEST_ID

TERMINALS: Final = 50
REQUESTS: Final = 200
KIND: Final = "social-insurance"
PATIENCE: Final = Patience(connect_s=60.0, read_s=300.0, total_s=300.0, tries=1)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of `len(seconds)` requests that were sent at once. `whole_s`: from the first to the last answer."""

    seconds: tuple[float, ...]
    wrong: int
    failed: tuple[str, ...]
    whole_s: float

    @property
    def p99_s(self) -> float:
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[98]

    @property
    def per_s(self) -> float:
        return len(self.seconds) / self.whole_s


def _somebody(number: int) -> Card:
    """One of many people who do not exist."""
    body = f"9999001990{1 + number // 28 % 12:02}{1 + number % 28:02}{number % 1000:03}"
    return Card("测试", body + check_character(body))


async def issues(pki_folder: Path, assets: Path) -> tuple[Load, Load]:
    """Ours and the floor. Raises NotMeasured when a server does not start or the floor does not answer."""
    names = [f"bench-{number:02}" for number in range(TERMINALS)]
    pki = await asyncio.to_thread(make, pki_folder, terminals=names, now=datetime.now(UTC))
    terminals = [_identity(pki, name) for name in names]
    words = [word for name in names for word in ("--terminal", name)]
    folders = ("--pki", str(pki_folder), "--assets", str(assets))
    async with _serving("-m", "kiosk", "sandbox", *folders, *words) as port:
        ours = await _ours(f"https://localhost:{port}", terminals)
    async with _serving("-m", "kiosk.bench.nothing", str(pki_folder)) as port:
        floor = await _floor(f"https://localhost:{port}", terminals)
    if floor.wrong or floor.failed:
        raise NotMeasured(f"the empty server failed: {floor.failed[:1]}")
    return ours, floor


async def _ours(url: str, terminals: list[DeviceIdentity]) -> Load:
    clients = [PlatformClient(HttpsTransport(url, each, patience=PATIENCE), PATIENCE) for each in terminals]

    async def ask(number: int) -> bool:
        evidence = _evidence(number, terminals[number % TERMINALS])
        answer = await clients[number % TERMINALS].call(certificates.ISSUE, IssueCall(evidence, KIND))
        return all(word.encode() in answer.document for word in (evidence.subject_digest, evidence.request_id))

    try:
        await ask(REQUESTS)  # fonts and seals are loaded, as at any time but the first
        return await _at_once(ask)
    finally:
        for client in clients:
            await client.close()


async def _floor(url: str, terminals: list[DeviceIdentity]) -> Load:
    sessions = [aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=each.context)) for each in terminals]

    async def ask(number: int) -> bool:
        evidence = _evidence(number, terminals[number % TERMINALS])
        headers = {"Content-Type": CONTENT_TYPE, REQUEST_ID: evidence.request_id}
        body = encode(IssueCall(evidence, KIND))
        path = url + certificates.ISSUE.path
        async with sessions[number % TERMINALS].post(path, data=body, headers=headers) as response:
            await response.read()
            return response.status == 200

    try:
        await ask(REQUESTS)
        return await _at_once(ask)
    finally:
        for session in sessions:
            await session.close()


async def _at_once(ask: Callable[[int], Awaitable[bool]]) -> Load:
    """Every request is sent before any is waited for."""
    seconds: list[float] = []
    failed: list[str] = []
    wrong = 0

    async def one(number: int) -> None:
        nonlocal wrong
        began = time.perf_counter()
        try:
            wrong += not await ask(number)
        except (PlatformError, aiohttp.ClientError, OSError) as error:
            failed.append(str(error) or type(error).__name__)
        seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(REQUESTS):
            group.create_task(one(number))
    return Load(tuple(seconds), wrong, tuple(failed), time.perf_counter() - began)


def _evidence(number: int, terminal: DeviceIdentity) -> SignedEvidence:
    moment = Moment(terminal.terminal, token_hex(16), token_hex(16), datetime.now(UTC), "bench")
    return Evidence.of(_somebody(number), Face(), moment).signed(terminal)


def _identity(pki: SandboxPki, name: str) -> DeviceIdentity:
    device = pki.kiosk(name)
    return DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)


@asynccontextmanager
async def _serving(*words: str) -> AsyncIterator[int]:
    """A server in a process of its own, and the port that it says on its first line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        if not line:
            raise NotMeasured(f"{words[1]} did not start")
        yield int(json.loads(line)["port"])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
