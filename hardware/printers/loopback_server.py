"""One server process of ours on a loopback port: started, known to accept connections, ended with us.

`setpriv --pdeathsig` ties its life to ours: when we are killed, the kernel ends it, and no stray server keeps the port.
"""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Final

READY_WITHIN_S: Final = 20.0
STOP_WITHIN_S: Final = 5.0
_KNOCK_EVERY_S: Final = 0.02

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ServerError(Exception):
    """A server cannot be started or has ended; the text says which, why and what to do."""


class PortInUse(ServerError):
    """Something else listens on the port we were told to use."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use")
        self.port = port


def claim_port(port: int) -> int:
    """The port to use: `port` itself when it is free, a free one for 0. Raises PortInUse."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            if port:
                probe.listen()  # SO_REUSEADDR lets a bind pass beside a listener on another address
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(port) from None
            raise ServerError(f"port {port} cannot be used: {error.strerror}") from None
        chosen: int = probe.getsockname()[1]
        return chosen


def as_child(command: Sequence[str], user: str | None = None, group: str | None = None) -> list[str]:
    """`command` so that it ends with us, and as `user` and `group` when they are given (only root may)."""
    identity = [f"--reuid={user}", f"--regid={group}", "--clear-groups"] if user and group else []
    return ["setpriv", "--pdeathsig", "TERM", *identity, "--", *command]


class ServerProcess:
    """A running server. `log` receives its stdout and stderr."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> "ServerProcess":
        """Start `command`; `name` is what error texts call it. Raises ServerError when a program is missing."""
        with log.open("wb") as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, env=environment
                )
            except FileNotFoundError as error:
                raise ServerError(f"{name}: {error.filename} is not installed") from None
        return cls(name, process, log)

    async def accepts_on(self, port: int) -> None:
        """Return when the port accepts connections. Raises ServerError when the process ends or takes too long."""
        await self._until_it_answers(lambda: asyncio.open_connection("127.0.0.1", port))

    async def accepts_at(self, path: Path) -> None:
        """Return when the unix socket accepts connections. Raises as `accepts_on`."""
        await self._until_it_answers(lambda: asyncio.open_unix_connection(str(path)))

    async def wait(self) -> int:
        """Return the exit status when the process has ended."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: politely, then not."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _until_it_answers(self, knock: Callable[[], Coroutine[None, None, _Streams]]) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while self._process.returncode is None:
                    try:
                        _, writer = await knock()
                    except OSError:
                        await asyncio.sleep(_KNOCK_EVERY_S)
                    else:
                        writer.close()
                        return
        except TimeoutError:
            raise ServerError(f"{self._name} is not ready after {READY_WITHIN_S:.0f} s{self._last_words()}") from None
        raise ServerError(f"{self._name} ended with status {self._process.returncode}{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {said}" if said else ""
