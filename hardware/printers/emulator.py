"""An IPP Everywhere printer (PWG 5100.14) to develop and test against, with a tray, a door and a power switch.

The printer is `ippeveprinter` of CUPS: IPP, job states and state reasons are its own. It runs a command for each
document; ours is a line to the engine here, which takes its time per page, stops for an empty tray or a jam and goes on
when a hand has helped, and lays what came out into a folder. Four things about ippeveprinter shape this file:

- It does not start without a message bus, even to announce nothing (`-r off`): it gets a private one, on a socket, with
  nobody on it. The machine's own bus and avahi are neither needed nor touched.
- Paper is loaded on its media page, like on a real one's. With an empty tray it starts no job until paper is in.
- Other state reasons come from a command only. When it idles, it is sent a job of a format of our own
  (`application/vnd.onecard-panel`) whose command says nothing but the new state: the printer's front panel.
- It lets a command run on after Cancel-Job: the engine asks for its job's state, and stops.

Between it and everybody else lies a cable of ours (`network_cable`), so that it can be offline or silent while it goes
on printing.
"""

import asyncio
import contextlib
import io
import json
import math
import os
import shutil
import sys
from enum import Enum, auto
from importlib import resources
from pathlib import Path
from typing import Any, Final

import aiohttp
import pyipp
from pyipp.enums import IppJobState, IppOperation

from hardware.printers.loopback_server import ServerError, ServerProcess, as_child, claim_port
from hardware.printers.network_cable import NetworkCable

FULL_TRAY: Final = 250
_PANEL: Final = "application/vnd.onecard-panel"
_TICK_S: Final = 0.05
_SHOWN_WITHIN_S: Final = 10.0
_ONE_SIDED: Final = "one-sided"
_EMPTY: Final = "media-empty"
_JAM: Final = "media-jam"
_DOOR: Final = "cover-open"
_PANEL_REASONS: Final = frozenset({_JAM, _DOOR})
# The media page's form: trays 1 (main) and 3 (by-pass) of ippeveprinter's built-in printer; the by-pass tray cannot
_TRAYS: Final = {"size1": "iso_a4_210x297mm", "type1": "stationery", "size3": "iso_a4_210x297mm", "level3": "-2"}


class _Fed(Enum):
    """What became of one page."""

    OUT = auto()
    CANCELLED = auto()
    GIVEN_UP = auto()
    DEAD = auto()


class EmulatedPrinter:
    """A printer on loopback `port` (0: any) that keeps its things in `run_dir` and lays pages into `printed_dir`.

    `printed_dir` receives 001.pdf, 002.pdf, …: what came out of the slot, one file per job that put out at least one
    page; 003-half.pdf is a job whose last page is half a page. Each page takes `seconds_per_page`, which may be changed
    at any time. `tickets`: what each job asked for, in the printer's words. The switches return when the printer itself
    reports the new condition.
    """

    def __init__(self, run_dir: Path, printed_dir: Path, port: int = 0, seconds_per_page: float = 1.0) -> None:
        self._run_dir = run_dir
        self._memory = run_dir / "memory"
        self._printed_dir = printed_dir
        self._wanted_port = port
        self.seconds_per_page = seconds_per_page
        self.tickets: list[dict[str, str]] = []
        self._port = port
        self._device_port = 0
        self._cable: NetworkCable | None = None
        self._is_plugged_in = True
        self._reasons: frozenset[str] = frozenset()
        self._runs_out = False
        self._sheets = FULL_TRAY
        self._toner_percent = 100
        self._jams = False
        self._gives_up = False
        self._dies = False
        self._feeding = asyncio.Event()
        self._power = asyncio.Lock()
        self._refuses = False
        self._bus: ServerProcess | None = None
        self._printer: ServerProcess | None = None
        self._engine: asyncio.Server | None = None
        self._ipp: pyipp.IPP | None = None
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def uri(self) -> str:
        """Where it prints."""
        return f"ipp://127.0.0.1:{self._port}/ipp/print"

    @property
    def device_uri(self) -> str:
        """The same printer past its cable, for whoever measures: the cable is a part of this process, the printer is
        not."""
        return f"ipp://127.0.0.1:{self._device_port}/ipp/print"

    async def start(self) -> None:
        """Return when it answers. Raises PortInUse, or ServerError with what is missing."""
        self._port = claim_port(self._wanted_port)
        self._device_port = claim_port(0)
        self._cable = NetworkCable(self._port, self._device_port)
        shutil.rmtree(self._run_dir, ignore_errors=True)
        self._run_dir.mkdir(parents=True)
        self._printed_dir.mkdir(parents=True, exist_ok=True)
        await self._start_bus()
        self._engine = await asyncio.start_unix_server(self._document_arrived, str(self._socket("engine")))
        await self.switch_on()

    async def stop(self) -> None:
        """End everything that was started. What was printed stays."""
        await self.switch_off()
        if self._engine is not None:
            self._engine.close()
            await self._engine.wait_closed()
        if self._bus is not None:
            await self._bus.stop()
        shutil.rmtree(self._run_dir, ignore_errors=True)

    # --- what a hand can do to it ------------------------------------------------------------------------------------

    async def empty_tray(self) -> None:
        """Take the paper out. A page that is on its way stops."""
        self._sheets = 0
        await self._load_paper()

    async def fill_tray(self, sheets: int = FULL_TRAY) -> None:
        """Put paper in; a job that waits for it goes on."""
        self._runs_out = False
        self._sheets = sheets
        await self._load_paper()

    async def set_toner(self, percent: int) -> None:
        """What is left in the cartridge."""
        self._toner_percent = percent
        if self._printer is not None:
            await self._tell_toner()

    def empty_tray_during_next_job(self) -> None:
        """The tray looks filled, and is found empty when the last page of the next job is fed."""
        self._runs_out = True

    def jam_during_next_job(self) -> None:
        """The last page of the next job gets stuck."""
        self._jams = True

    async def page_on_its_way(self) -> None:
        """Return as soon as paper moves."""
        await self._feeding.wait()

    def jam_and_give_up_next_job(self) -> None:
        """The last page of the next job gets stuck, and the printer ends the job, as some makes do."""
        self._jams = self._gives_up = True

    def die_during_next_job(self) -> None:
        """The power goes when half of the last page of the next job is out."""
        self._dies = True

    async def pull_cable(self) -> None:
        """Nobody can reach it; it prints on."""
        self._is_plugged_in = False
        if self._cable is not None:
            await self._cable.pull_out()

    def fall_silent(self) -> None:
        """It takes every connection and answers none; it prints on."""
        if self._cable is not None:
            self._cable.fall_silent()

    async def plug_in_cable(self) -> None:
        """It can be reached again, and answers."""
        self._is_plugged_in = True
        if self._cable is not None and self._printer is not None:
            await self._cable.plug_in()

    def refuse_next_job(self) -> None:
        """The next document is one that the printer cannot print: its job ends as aborted."""
        self._refuses = True

    async def jam(self) -> None:
        """Paper is stuck. A page that is on its way stops."""
        await self._change(self._reasons | {_JAM})

    async def clear(self) -> None:
        """The stuck paper is out; the page is fed again."""
        await self._change(self._reasons - {_JAM})

    async def open_door(self) -> None:
        """Open the front door. A page that is on its way stops."""
        await self._change(self._reasons | {_DOOR})

    async def close_door(self) -> None:
        """Close the front door."""
        await self._change(self._reasons - {_DOOR})

    async def switch_off(self) -> None:
        """Cut the power: jobs, documents and the page on its way are lost."""
        async with self._power:
            await self._go_down()

    async def _go_down(self) -> None:
        if self._cable is not None:
            await self._cable.pull_out()
        if self._printer is not None:
            await self._printer.kill()
            self._printer = None
        at_work = self._at_work - {asyncio.current_task()}  # the engine itself, when the power goes under its hands
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        if self._ipp is not None:
            await self._ipp.close()
            self._ipp = None
        shutil.rmtree(self._memory, ignore_errors=True)

    async def switch_on(self) -> None:
        """Return when it answers and reports the condition it is in."""
        async with self._power:
            if self._printer is None:
                await self._come_up()

    async def _come_up(self) -> None:
        self._memory.mkdir()
        command = resources.files(__package__) / "printer_command.sh"
        arguments = [
            *("ippeveprinter", "-2", "-n", "localhost", "-p", str(self._device_port), "-r", "off"),
            *("-d", str(self._memory), "-D", os.devnull, "-K", str(self._memory)),
            *("-f", f"application/pdf,{_PANEL}", "-s", "60", "-c", str(command), "Onecard Emulated Printer"),
        ]
        environment = os.environ | {
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._socket('bus')}",
            "ONECARD_ENGINE_SOCKET": str(self._socket("engine")),
            "ONECARD_ENGINE_PYTHON": sys.executable,
        }
        self._ipp = pyipp.IPP(self.device_uri)
        self._printer = await ServerProcess.start(
            "ippeveprinter", as_child(arguments), self._run_dir / "printer.log", environment
        )
        await self._printer.accepts_on(self._device_port)
        await self._load_paper()
        await self._tell_toner()
        if self._is_plugged_in and self._cable is not None:
            await self._cable.plug_in()

    # --- the front panel ---------------------------------------------------------------------------------------------

    async def _change(self, reasons: frozenset[str]) -> None:
        self._reasons = reasons
        if self._printer is not None:
            await self._show()

    async def _load_paper(self) -> None:
        if self._printer is None:
            return
        await self._tell_tray()
        await self._show()

    async def _tell_tray(self) -> None:
        await self._submit_form("media", _TRAYS | {"level1": str(self._sheets)})

    async def _tell_toner(self) -> None:
        await self._submit_form("supplies", {"supply0": "25", "supply1": str(self._toner_percent)})

    async def _submit_form(self, page: str, form: dict[str, str]) -> None:
        """On the printer's own web page: tray levels, or the waste box (0) and the toner (1)."""
        url = f"http://127.0.0.1:{self._device_port}/{page}"
        async with aiohttp.ClientSession() as session, session.get(url, params=form) as answer:
            await answer.read()  # the page begins before the form is looked at

    async def _show(self) -> None:
        """Return when the printer, asked by anybody, reports what we set; jam and door have to wait for paper."""
        async with asyncio.timeout(_SHOWN_WITHIN_S):
            while True:
                reported = await self._reported()
                if (_EMPTY in reported) == bool(self._sheets):
                    raise ServerError("the printer does not notice its paper")
                if not self._sheets or reported & _PANEL_REASONS == self._reasons:
                    return
                await self._press_panel()

    async def _reported(self) -> frozenset[str]:
        attributes: dict[str, Any] = {"requested-attributes": ["printer-state-reasons"]}
        answer = await self._ask(IppOperation.GET_PRINTER_ATTRIBUTES, attributes)
        reasons = answer["printers"][0]["printer-state-reasons"]
        named = reasons if isinstance(reasons, list) else [reasons]
        return frozenset(reason.removesuffix("-report").removesuffix("-warning") for reason in named)

    async def _press_panel(self) -> None:
        """Run a panel job to its end, unless the printer is at work: then its engine tells the new state by itself."""
        try:
            answer = await self._ask(IppOperation.PRINT_JOB, {"job-name": "panel", "document-format": _PANEL}, b"panel")
        except pyipp.IPPError:
            await asyncio.sleep(_TICK_S)
            return
        while True:
            if await self._job(answer["jobs"][0]["job-id"], "job-state") == IppJobState.COMPLETED:
                return
            await asyncio.sleep(_TICK_S / 5)

    async def _job(self, job: int, attribute: str) -> Any:
        attributes: dict[str, Any] = {"job-id": job, "requested-attributes": [attribute]}
        answer = await self._ask(IppOperation.GET_JOB_ATTRIBUTES, attributes)
        return answer["jobs"][0][attribute]

    async def _ask(self, operation: IppOperation, attributes: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        if self._ipp is None:
            raise ServerError("the printer is switched off")
        message = {"operation-attributes-tag": attributes, "data": data}
        answer: dict[str, Any] = await self._ipp.execute(operation, message)
        return answer

    # --- the engine --------------------------------------------------------------------------------------------------

    async def _document_arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of engine_line.py: one document."""
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        try:
            job, kind, path, ticket = (await reader.readline()).decode().rstrip("\n").split("\t")
            document = Path(path)
            try:
                job_goes_well = await self._run_job(int(job), kind, document, json.loads(ticket), writer)
            finally:
                document.unlink(missing_ok=True)  # ippeveprinter would keep it for a minute
            self._tell(writer, f"EXIT {0 if job_goes_well else 1}")
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        finally:
            self._at_work.discard(task)
            writer.close()

    async def _run_job(
        self, job: int, kind: str, document: Path, ticket: dict[str, str], writer: asyncio.StreamWriter
    ) -> bool:
        self._tell_state(writer)
        if kind == _PANEL:
            return True
        self.tickets.append(ticket)
        if self._refuses:
            self._refuses = False
            return False
        self._feeding.set()
        pdf = document.read_bytes()
        from pypdf import PdfReader  # with the first paper: a terminal that starts waits for its printer

        pages = len(PdfReader(io.BytesIO(pdf)).pages) * int(ticket.get("copies", "1"))
        out = 0.0
        try:
            while out < pages:
                match await self._feed(job, is_last=out == pages - 1, writer=writer):
                    case _Fed.OUT:
                        out += 1
                    case _Fed.CANCELLED:
                        break
                    case _Fed.GIVEN_UP:
                        return False
                    case _Fed.DEAD:
                        out += 0.5
                        await self.switch_off()
                        return False
                if ticket.get("sides", _ONE_SIDED) == _ONE_SIDED or out % 2 == 1:
                    self._sheets -= 1
                if out < pages:
                    self._tell(writer, f"ATTR: job-impressions-completed={out:.0f}")
                await self._tell_tray()
        finally:
            self._feeding.clear()
            self._lay_out(pdf, out)  # pages that came out before a power cut are out
        self._tell(writer, f"ATTR: job-impressions-completed={out:.0f}")
        return True

    async def _feed(self, job: int, is_last: bool, writer: asyncio.StreamWriter) -> "_Fed":
        """One more page, as far as it comes. A stopped page is fed anew."""
        loop = asyncio.get_running_loop()
        if is_last and self._runs_out:
            self._runs_out = False
            await self.empty_tray()
        told = self._reasons
        if is_last and self._jams:
            self._jams = False
            self._reasons |= {_JAM}
        due = loop.time() + self.seconds_per_page
        while True:
            if await self._cancelled(job):
                return _Fed.CANCELLED
            if is_last and self._dies and loop.time() > due - self.seconds_per_page / 2:
                self._dies = False
                return _Fed.DEAD
            if self._reasons != told:
                told = self._tell_state(writer)
                if self._gives_up:
                    self._gives_up = False
                    return _Fed.GIVEN_UP
            if self._reasons or not self._sheets:
                due = loop.time() + self.seconds_per_page
            elif loop.time() >= due:
                return _Fed.OUT
            await asyncio.sleep(_TICK_S)

    async def _cancelled(self, job: int) -> bool:
        return "processing-to-stop-point" in await self._job(job, "job-state-reasons")

    def _lay_out(self, pdf: bytes, out: float) -> None:
        """Into the tray that people take from: whole files only, whoever watches the folder."""
        if not out:
            return
        from pypdf import PdfReader, PdfWriter  # loaded by now, in `_run_job`

        source = PdfReader(io.BytesIO(pdf)).pages
        is_half = out != int(out)
        if out != len(source):
            paper = PdfWriter()
            for number in range(math.ceil(out)):
                paper.add_page(source[number % len(source)])
            if is_half:
                sheet = paper.pages[-1]
                sheet.cropbox.bottom = (sheet.cropbox.bottom + sheet.cropbox.top) / 2
            cut = io.BytesIO()
            paper.write(cut)
            pdf = cut.getvalue()
        number = len(list(self._printed_dir.glob("*.pdf"))) + 1
        coming = self._printed_dir / f"{number:03}{'-half' if is_half else ''}.part"
        coming.write_bytes(pdf)
        coming.rename(coming.with_suffix(".pdf"))

    def _tell_state(self, writer: asyncio.StreamWriter) -> frozenset[str]:
        """The reasons that are the panel's; paper is not its business."""
        for reason in sorted(_PANEL_REASONS):
            self._tell(writer, f"STATE: {'+' if reason in self._reasons else '-'}{reason}")
        return self._reasons

    @staticmethod
    def _tell(writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(line.encode() + b"\n")

    # --- the bus -----------------------------------------------------------------------------------------------------

    async def _start_bus(self) -> None:
        configuration = self._run_dir / "bus.conf"
        template = (resources.files(__package__) / "private-bus.conf.in").read_text()
        configuration.write_text(template.replace("@SOCKET@", str(self._socket("bus"))))
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"]
        self._bus = await ServerProcess.start("dbus-daemon", as_child(command), self._run_dir / "bus.log")
        await self._bus.accepts_at(self._socket("bus"))

    def _socket(self, name: str) -> Path:
        return self._run_dir / name
