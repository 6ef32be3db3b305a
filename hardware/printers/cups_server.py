"""A CUPS server of our own, beside whatever the machine has: unprivileged, on loopback, with everything it writes on
tmpfs.

"Data never lands" (C20) meets a server that spools to a file by design; so the directory it is given is on a memory
file system and is emptied at every start: a queue that comes back never prints what somebody left behind.
"""

import asyncio
import grp
import os
import pwd
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

import pyipp
from pyipp.enums import IppOperation

from hardware.printers.ipp_device import IppDevice
from hardware.printers.loopback_server import ServerError, ServerProcess, as_child, claim_port
from hardware.printers.port import PrinterError

_CUPSD: Final = "/usr/sbin/cupsd"
_TEMPLATES: Final = ("cupsd.conf", "cups-files.conf")
_FOLDERS: Final = ("etc/ssl", "run", "cache", "spool/tmp", "log")
_QUEUE_READY_WITHIN_S: Final = 20.0
_QUEUE_ASKED_EVERY_S: Final = 0.02
_UNPRIVILEGED: Final = ("nobody", "nogroup")


class CupsServer:
    """A cupsd that keeps everything under `directory` (on tmpfs, emptied at start) and listens on `port` (0: any).

    Started by root it runs as nobody, who must be able to reach `directory`; started by anybody else it runs as them.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self._directory = directory
        self._wanted_port = port
        self._process: ServerProcess | None = None
        self.port = port

    @property
    def spool(self) -> Path:
        """Where documents lie while they wait."""
        return self._directory / "spool"

    async def start(self) -> None:
        """Return when it answers on `port`. Raises PortInUse, or ServerError with what cupsd said."""
        self.port = claim_port(self._wanted_port)
        self._write_configuration()
        await self._run(_CUPSD, "-t", *self._configuration)
        command = as_child([_CUPSD, "-f", *self._configuration], *_identity())
        self._process = await ServerProcess.start("cupsd", command, self._directory / "log" / "output")
        await self._process.accepts_on(self.port)

    async def add_queue(self, name: str, printer_uri: str) -> None:
        """A queue on the IPP Everywhere printer at `printer_uri`, which must answer now. Raises ServerError."""
        await _answers(printer_uri)
        address = f"127.0.0.1:{self.port}"
        await self._run("lpadmin", "-h", address, "-p", name, "-E", "-v", printer_uri, "-m", "everywhere")
        await self._knows_its_printer(name)

    async def wait(self) -> int:
        """Return its exit status when it has ended. Raises ServerError when it was never started."""
        if self._process is None:
            raise ServerError("cupsd was not started")
        return await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would: what it kept stays, until it starts again."""
        if self._process is not None:
            await self._process.kill()

    async def stop(self) -> None:
        """End it, and leave nothing of what it kept."""
        if self._process is not None:
            await self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def _configuration(self) -> tuple[str, ...]:
        etc = self._directory / "etc"
        return ("-c", str(etc / "cupsd.conf"), "-s", str(etc / "cups-files.conf"))

    async def _knows_its_printer(self, name: str) -> None:
        """cupsd asks the printer in the background: until it knows the media, the queue is raw and aborts jobs."""
        message = {"operation-attributes-tag": {"requested-attributes": ["media-supported"]}}
        async with pyipp.IPP(f"ipp://127.0.0.1:{self.port}/printers/{name}") as queue:
            try:
                async with asyncio.timeout(_QUEUE_READY_WITHIN_S):
                    while True:
                        answer = await queue.execute(IppOperation.GET_PRINTER_ATTRIBUTES, message)
                        if any("media-supported" in attributes for attributes in answer["printers"]):
                            return
                        await asyncio.sleep(_QUEUE_ASKED_EVERY_S)
            except (TimeoutError, pyipp.IPPError):
                raise ServerError(f"queue {name}: the printer does not say what it can print") from None

    def _write_configuration(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        for folder in _FOLDERS:
            (self._directory / folder).mkdir(parents=True)
        user, group = _identity() or _ourselves()
        values = {"PORT": str(self.port), "DIRECTORY": str(self._directory), "USER": user, "GROUP": group}
        for name in _TEMPLATES:
            text = (resources.files(__package__) / f"{name}.in").read_text()
            for key, value in values.items():
                text = text.replace(f"@{key}@", value)
            (self._directory / "etc" / name).write_text(text)
        if _identity():
            for path in (self._directory, *self._directory.rglob("*")):
                shutil.chown(path, user, group)

    async def _run(self, *command: str) -> None:
        """Run a short command as the server's user: `cupsd -t` also sets owners, so root must not check."""
        process = await asyncio.create_subprocess_exec(
            *as_child(command, *_identity()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            said = output.decode(errors="replace").strip() or f"status {process.returncode}"
            raise ServerError(f"{Path(command[0]).name}: {said}")


async def _answers(printer_uri: str) -> None:
    """lpadmin is content with a printer that is switched off, and its queue is then good for nothing."""
    device = IppDevice(printer_uri)
    try:
        await device.condition()
    except PrinterError:
        raise ServerError(f"the printer at {printer_uri} does not answer: is it switched on?") from None
    finally:
        await device.close()


def _identity() -> tuple[str, str] | tuple[()]:
    """Who the server runs as, when that is not ourselves."""
    return _UNPRIVILEGED if os.geteuid() == 0 else ()


def _ourselves() -> tuple[str, str]:
    return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
