"""The document process itself, over its real socket: it verifies, draws, ends with its citizen, and may be killed."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from sealed_samples import AGENCY, NONCE, ZHANG, Sealer, compose, question

from kiosk.messages import HowMuch, Message, NotVerified, Render, Rendered, StopPresence, Verified, encode, receive
from kiosk.reasons import Reason

PATIENCE_S = 30
Level = Literal["info", "debug"]


class Desk:
    """The desk's end: a listening socket, the notify socket of a supervisor, and one worker after the other."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "documents.sock"
        self._notify_path = directory / "notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.setblocking(False)
        self._notify.bind(str(self._notify_path))
        self._connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def listen(self) -> None:
        self._server = await asyncio.start_unix_server(lambda *ends: self._connections.put_nowait(ends), self._path)

    @asynccontextmanager
    async def worker(self, **environment: str) -> AsyncIterator["Worker"]:
        self._forget_notifications()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kiosk",
            "documents",
            "--socket",
            str(self._path),
            env={**os.environ, "NOTIFY_SOCKET": str(self._notify_path), **environment},
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await self._connections.get()
                assert await self.notification() == b"READY=1"
            yield Worker(process, reader, writer)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def notification(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.get_running_loop().sock_recv(self._notify, 4096)

    def _forget_notifications(self) -> None:
        """Those of a worker that is gone."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._notify.recv(4096)

    def close(self) -> None:
        self._server.close()
        self._notify.close()


class Worker:
    """One running document process and the connection to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process, self._reader, self.writer = process, reader, writer

    async def ask(self, message: Message) -> Message:
        self.writer.write(encode(message))
        async with asyncio.timeout(PATIENCE_S):
            return await receive(self._reader)

    async def end(self) -> tuple[int, str]:
        """The exit code and everything it logged."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            log = await self.process.stderr.read()
            return await self.process.wait(), log.decode()


@pytest.fixture
async def desk(run_directory: Path) -> AsyncIterator[Desk]:
    desk = Desk(run_directory)
    await desk.listen()
    yield desk
    desk.close()


async def test_it_verifies_draws_and_ends_with_its_citizen(desk: Desk, sealer: Sealer, good: bytes) -> None:
    async with desk.worker() as worker:
        verified = await worker.ask(question(good, sealer.trust, number=1))
        assert isinstance(verified, Verified)
        assert (verified.id, verified.signer) == (1, AGENCY.name.zh)
        rendered = await worker.ask(Render(2, good, 0, 72))
        assert isinstance(rendered, Rendered)
        assert (rendered.picture.width, rendered.picture.height) == (596, 842)
        assert len(set(rendered.picture.rgb)) > 2
        worker.writer.close()
        code, log = await worker.end()
    assert code == 0
    assert "verify 1: Verified" in log


async def test_it_says_no_and_goes_on(desk: Desk, sealer: Sealer, good: bytes) -> None:
    async with desk.worker() as worker:
        spoilt = await worker.ask(question(good[:-99], sealer.trust, number=1))
        assert isinstance(spoilt, NotVerified)
        assert isinstance(await worker.ask(Render(2, b"%PDF-1.7 nothing", 0, 100)), NotVerified)
        absent = await worker.ask(Render(3, good, 1, 100))
        assert isinstance(absent, NotVerified)
        assert (absent.id, absent.reason) == (3, Reason.DOCUMENT_UNSAFE)
        assert isinstance(await worker.ask(question(good, sealer.trust, number=4)), Verified)


async def test_killed_in_the_middle_the_next_one_answers(desk: Desk, sealer: Sealer, good: bytes) -> None:
    asked = question(good, sealer.trust)
    async with desk.worker() as first:
        os.kill(first.process.pid, signal.SIGSTOP)
        first.writer.write(encode(asked))
        os.kill(first.process.pid, signal.SIGKILL)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await receive(first._reader)
        assert (await first.end())[0] == -signal.SIGKILL
    async with desk.worker() as second:
        assert isinstance(await second.ask(asked), Verified)


async def test_the_working_loop_feeds_the_watchdog(desk: Desk, sealer: Sealer, good: bytes) -> None:
    async with desk.worker(WATCHDOG_USEC="200000") as worker:
        assert [await desk.notification() for _ in range(3)] == [b"WATCHDOG=1"] * 3
        assert isinstance(await worker.ask(question(good, sealer.trust, number=1)), Verified)


@pytest.mark.parametrize("frame", [encode(StopPresence(1)), b"\0\0\0\x04what", b"\xff\xff\xff\xff"])
async def test_a_desk_that_speaks_another_language_is_left(desk: Desk, frame: bytes) -> None:
    async with desk.worker() as worker:
        worker.writer.write(frame)
        code, log = await worker.end()
    assert code == 1
    assert "connection closed" in log


async def test_without_a_desk_it_ends_by_name(run_directory: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "documents", "--socket", str(run_directory / "nobody")),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        _, log = await process.communicate()
    assert process.returncode == 1
    assert b"the desk does not answer" in log


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_its_log_is_about_nobody(desk: Desk, sealer: Sealer, good: bytes, level: Level) -> None:
    """C20, E10: parsers quote what they choke on; the log of this process must not, whatever it is asked to say."""
    broken = compose(f"{ZHANG.number}").replace(b"/Pages", b"/Pagez") + ZHANG.number.encode()
    async with desk.worker() as worker:
        worker.writer.write(encode(HowMuch(level)))
        for number, pdf in enumerate((good, broken, good.replace(b"obj", b"0bj", 3), ZHANG.name.encode() * 9)):
            await worker.ask(question(pdf, sealer.trust, number=number))
            await worker.ask(Render(number, pdf, 0, 72))
        worker.writer.close()
        _, log = await worker.end()
    for secret in (ZHANG.number, ZHANG.name, NONCE, AGENCY.name.zh):
        assert secret not in log
    assert ("DEBUG kiosk.documents.worker Verify took" in log) == (level == "debug")
