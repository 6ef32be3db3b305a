"""The processes of one terminal: how they are started, watched, limited and replaced.

On the appliance systemd does this from the units in systemd/; `kiosk demo` does the same here, by the same protocol: a
process says READY=1 and then WATCHDOG=1 on its NOTIFY_SOCKET (sd_notify(3)), dies with its parent, and is started again
when it ends for whatever reason. One that says nothing for `watchdog_s` hangs and is killed.
"""

import asyncio
import logging
import os
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

# No orphan survives its supervisor (prctl(2), PR_SET_PDEATHSIG).
_DIE_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL", "--")
_AGAIN_S: Final = (0.0, 0.2, 1.0, 5.0)  # how long to wait before the next start, by failures in a row
_STEADY_S: Final = 10.0  # a process that ran this long has not failed in a row
_BRIEF_S: Final = 1.0  # one that ended sooner has, whatever its exit code says
_NOT_STARTED: Final = 127  # as a shell would say it


class StartFailed(Exception):
    """A process did not say READY; the text names it and its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: a program that says READY. `watchdog_s` None: it does not feed a watchdog.

    `final`: an exit code by which it says that it is not to be started again.
    """

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    watchdog_s: float | None = 10.0
    ready_s: float = 60.0
    final: int | None = None


class Supervised:
    """One process, kept alive until `stop`, or until it ends with its `final` code: then `finished` is set."""

    def __init__(self, command: Command, logs: Path) -> None:
        self.command = command
        self.ready = asyncio.Event()
        self.finished = asyncio.Event()
        self.starts = 0
        self._started = asyncio.Event()
        self._stopped = False
        self._logs = logs
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now; None between two of them."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Starts it and waits until it is ready. Raises StartFailed."""
        self.launch()
        try:
            await asyncio.wait_for(self.ready.wait(), self.command.ready_s)
        except TimeoutError:
            raise StartFailed(f"{self.command.name} did not become ready; see {self._log_path}") from None

    async def ready_again(self, after: int) -> None:
        """Waits until a later start than number `after` is ready."""
        while self.starts <= after:
            self._started.clear()
            await self._started.wait()
        await self.ready.wait()

    def launch(self) -> None:
        """Starts it without waiting."""
        self._keeper = asyncio.create_task(self._keep(), name=self.command.name)

    def kill(self) -> None:
        """Ends the process at once, as a crash would; it is started again."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """Ends it for good: SIGTERM, and SIGKILL when that is not heard."""
        self._stopped = True
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3.0)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    @property
    def _log_path(self) -> Path:
        return self._logs / f"{self.command.name}.log"

    async def _keep(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._stopped:
            began = loop.time()
            code = await self._once()
            lasted = loop.time() - began
            fine = lasted > _STEADY_S or (code == 0 and lasted > _BRIEF_S)
            failures = 0 if fine else failures + 1
            log.info("%s ended with %s", self.command.name, code)
            if code == self.command.final:
                self.finished.set()
                return
            await asyncio.sleep(_AGAIN_S[min(failures, len(_AGAIN_S) - 1)])

    async def _once(self) -> int:
        """One life of the process: start, ready, watchdog, end. Returns its exit code."""
        with (
            tempfile.TemporaryDirectory(prefix="notify-", ignore_cleanup_errors=True) as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        ):
            notify.setblocking(False)
            notify.bind(f"{folder}/socket")
            try:
                self._process = await self._started_with(f"{folder}/socket")
            except OSError as error:
                log.error("%s cannot be started: %s", self.command.name, error.strerror)
                return _NOT_STARTED
            journal = asyncio.create_task(self._keep_log(self._process.stdout))
            self.starts += 1
            self.ready.clear()
            self._started.set()
            listener = asyncio.create_task(self._listen(notify, self.command.watchdog_s))
            try:
                return await self._process.wait()
            finally:
                listener.cancel()
                await asyncio.gather(listener, journal, return_exceptions=True)
                self.ready.clear()

    async def _started_with(self, notify: str) -> asyncio.subprocess.Process:
        """In a process group of its own, so that Ctrl-C is ours alone."""
        environment = {**os.environ, **self.command.environment, "NOTIFY_SOCKET": notify}
        if self.command.watchdog_s is not None:
            environment["WATCHDOG_USEC"] = str(int(self.command.watchdog_s * 1e6))
        return await asyncio.create_subprocess_exec(
            *_DIE_WITH_US,
            *self.command.argv,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
        )

    async def _keep_log(self, output: asyncio.StreamReader | None) -> None:
        """Writes what the process says: it may be confined to writing no file itself."""
        with self._log_path.open("ab", buffering=0) as file:
            while output is not None and (said := await output.read(4096)):
                file.write(said)

    async def _listen(self, notify: socket.socket, watchdog_s: float | None) -> None:
        """READY=1 makes it ready; from then on every message feeds the watchdog."""
        loop = asyncio.get_running_loop()
        patience = None
        while True:
            try:
                message = await asyncio.wait_for(loop.sock_recv(notify, 4096), patience)
            except TimeoutError:
                log.error("%s said nothing for %s s and is killed", self.command.name, watchdog_s)
                self.kill()
                return
            if b"READY=1" in message.split(b"\n"):
                self.ready.set()
                patience = watchdog_s
