"""A whole terminal on one machine: emulated devices, the sandbox platform, a real print queue, and the four processes.

Starts, watches and stops every server it needs, on ports and sockets of its own; nothing of the host is touched. What
may hold personal data (sockets, spool, camera ring) lies in one directory on tmpfs and is gone with it.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hardware.cards.emulator import SamEmulator
from hardware.cards.emulator.pcscd import PrivatePcscd
from hardware.cards.emulator.piv_chip import ATR
from hardware.cards.emulator.technicians import TechnicianCa
from hardware.cards.synthetic import SyntheticCard, citizens, portrait_block, webp_portrait
from hardware.printers.cups_server import CupsServer
from hardware.printers.emulator import EmulatedPrinter
from hardware.printers.loopback_server import ServerError, claim_port
from hardware.printers.switchboard import Switchboard
from hardware.tickets.emulator import EmulatedTicketPrinter, SerialTicketLine
from kiosk import meeting, memory
from kiosk.audit.checkpoint import KeyFile
from kiosk.demo.puppeteer import Puppet
from kiosk.maintenance.credential import PURPOSES
from kiosk.maintenance.plan import Role
from kiosk.processes import Command, StartFailed, Supervised
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.control import SetFault, SetSource, flip
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.sources import NAMES

TERMINAL: Final = "kiosk-0001"
HALL: Final[dict[str, object]] = {"zh": "示例区政务服务中心", "en": "Example District Service Hall"}
# The exit code by which the user interface says that a person closed its window (kiosk.ui.app.CLOSED_BY_HAND).
WINDOW_CLOSED: Final = 3
_SERVICE: Final = next(purpose for purpose, role in PURPOSES.items() if role is Role.SERVICE)
TMPFS: Final = Path("/dev/shm")
# Where the face is in the demo portrait (left, top, right, bottom, pixels of the 512x512 picture).
DEMO_FACE: Final = (150, 10, 320, 220)
# How long a data source takes to answer: three of them, asked at once, over networks of very different speed.
SOURCE_S: Final = 0.6


@dataclass(frozen=True, slots=True)
class Settings:
    """What a demo needs. `out`: where pages, paper, audit and logs are left. `camera`: a device, or None: the puppet.

    `source_s`: how long each data source of the platform takes to answer. `environment`: what the platform and the
    terminal's processes find in theirs, beside ours.
    """

    assets: Path
    pki: Path
    out: Path
    display: str
    camera: str | None = None
    portrait: Path | None = None
    window: tuple[int, int] = (1080, 1920)
    windowed: bool = False
    timing: dict[str, float] = field(default_factory=dict)
    source_s: float = SOURCE_S
    environment: dict[str, str] = field(default_factory=dict)


class Machine:
    """The running demo: what a hand can do to it, and its processes by name. `profile` is what the desk reads;
    `control` says where the platform's switches are."""

    def __init__(self, settings: Settings, run: Path) -> None:
        """Claims ports, puts the reader there and writes the profile; nothing runs yet."""
        self.run = run
        self.display = settings.display
        self.profile = run / "profile.toml"
        self.probe = run / "probe.sock"
        self.audit = settings.out / "audit"
        self.ledger = settings.out / "ledger"
        self.printed = settings.out / "printed"
        self.logs = settings.out / "log"
        self.puppet = Puppet(run / "puppet.sock")
        self.reader = SamEmulator(run / "reader")
        self.printer = EmulatedPrinter(run / "printer", self.printed, claim_port(0))
        self.switchboard = Switchboard(self.printer, settings.out / "printer.json")
        self.cups = CupsServer(run / "cups", claim_port(0))
        self.tickets = EmulatedTicketPrinter(settings.out / "slips")
        self._ticket_line = SerialTicketLine(self.tickets, run / "ticket")
        staff = run / "staff"
        staff.mkdir(mode=0o700)
        self._staff_cards = PrivatePcscd(staff)
        self._staff_reader_runs = False
        technicians = TechnicianCa()
        self._technicians = technicians.publish(staff)
        self.technician_card = technicians.card(_SERVICE)
        self.processes: dict[str, Supervised] = {}
        self.citizens: tuple[SyntheticCard, ...] = ()
        self._settings = settings
        self.control = run / "control.json"
        self._audit_key = run / "audit.key"
        self._sandbox_port = claim_port(0)
        for folder in (self.printed, self.logs, self.audit):
            folder.mkdir(parents=True, exist_ok=True)
        meeting.make(run)
        (self.audit / "key.pub").write_bytes(KeyFile.create(self._audit_key).public_pem())
        self.profile.write_text(self._profile(), encoding="utf-8")

    def lay_card(self, card: SyntheticCard | None = None) -> None:
        """Puts a card on the reader: the first synthetic citizen's, or the given one."""
        self.reader.insert(card or self.citizens[0])

    def take_card(self) -> None:
        self.reader.remove()

    def insert_technician_card(self) -> None:
        """Puts it into its reader, which is plugged in with the first card: until then nobody needs it. Raises
        PcscdMissing."""
        if not self._staff_reader_runs:
            self._staff_cards.start()
            self._staff_reader_runs = True
        self._staff_cards.reader.insert(self.technician_card, ATR)

    def take_technician_card(self) -> None:
        self._staff_cards.reader.remove()

    def put_roll_in(self) -> None:
        """A new roll of paper in the ticket printer."""
        self._ticket_line.put_roll_in()

    async def spoil(self, fault: Fault | None, *, seconds: float = 30.0) -> None:
        """Turns one fault of the platform on, all others off. UNREACHABLE pulls the network cable."""
        await flip(self.control, SetFault(fault, seconds))

    async def window_closed(self) -> None:
        """Until the person closes the window."""
        await self.processes["ui"].finished.wait()

    async def watch(self) -> None:
        """Raises ServerError when the print server ends; the other processes are started again by themselves."""
        code = await self.cups.wait()
        raise ServerError(f"cupsd ended with {code}; see its log in {self.logs}")

    async def equip(self, stack: AsyncExitStack) -> None:
        """Starts what stands around a terminal: platform, printer and its queue. Raises ServerError or StartFailed.

        What was started is stopped by `stack`.
        """
        await asyncio.gather(self.start_platform(stack), self._start_paper(stack), self.make_cards())

    async def start(self, stack: AsyncExitStack) -> None:
        """Starts the four processes of the terminal; they are stopped by `stack`. Raises StartFailed."""
        stack.callback(self._staff_cards.stop)
        environment = self._staff_cards.environment | memory.ENVIRONMENT
        await self._start(stack, "desk", "--profile", str(self.profile), environment=environment)
        await asyncio.gather(*(self.start_worker(stack, name) for name in ("ui", "vision", "documents")))

    async def start_worker(self, stack: AsyncExitStack, name: str) -> None:
        """Starts `ui`, `vision` or `documents`, for a desk that listens. Raises StartFailed."""
        settings = self._settings
        words = ["--socket", str(meeting.socket_of(self.run, name))]
        environment: dict[str, str] = {}
        if name in ("ui", "vision"):
            words += ["--preview", str(meeting.ring_in(self.run))]
        if name == "ui":
            words += ["--probe", str(self.probe), "--fonts", str(settings.assets / "fonts")]
            words += ["--size", f"{settings.window[0]}x{settings.window[1]}"]
            words += ["--windowed"] if settings.windowed else []
            environment = {"DISPLAY": settings.display}
        if name == "vision":
            words += ["--camera", settings.camera or f"puppet:{self._portrait}", "--assets", str(settings.assets)]
            words += ["--control", str(self.run / "puppet.sock"), "--profile", str(self.profile)]
        await self._start(stack, name, *words, environment=environment)

    @property
    def _portrait(self) -> Path:
        return self._settings.portrait or self._settings.assets / "portrait.png"

    async def make_cards(self) -> None:
        """Synthetic citizens who look like the person in front of the camera."""
        box = DEMO_FACE if self._settings.portrait is None else await asyncio.to_thread(face_box, self._portrait)
        self.citizens = citizens(portrait_block(await asyncio.to_thread(webp_portrait, self._portrait, box)))

    async def start_platform(self, stack: AsyncExitStack, *further: str) -> None:
        """The sandbox alone, with `further` words of its command; stopped by `stack`. Raises StartFailed."""
        await self._start(
            stack,
            "sandbox",
            *(
                "--port",
                str(self._sandbox_port),
                "--pki",
                str(self._settings.pki),
                "--assets",
                str(self._settings.assets),
            ),
            *("--control", str(self.control), *further),
        )
        for name in NAMES:
            await flip(self.control, SetSource(name, latency_s=self._settings.source_s))

    async def _start_paper(self, stack: AsyncExitStack) -> None:
        self._ticket_line.plug()
        stack.callback(self._ticket_line.unplug)
        stack.push_async_callback(self.printer.stop)
        await self.printer.start()
        stack.push_async_callback(self.switchboard.stop)
        self.switchboard.start()
        stack.push_async_callback(self.cups.stop)
        await self.cups.start()
        await self.cups.add_queue("kiosk", self.printer.uri)

    async def _start(
        self, stack: AsyncExitStack, name: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        words = [sys.executable, "-m", "kiosk", name, *arguments]
        # The sandbox feeds no watchdog: it stands for a platform that is not ours to restart.
        watchdog_s = None if name == "sandbox" else 10.0
        final = WINDOW_CLOSED if name == "ui" else None
        given = self._settings.environment | (environment or {})
        process = Supervised(Command(name, tuple(words), given, watchdog_s, final=final), self.logs)
        self.processes[name] = process
        stack.push_async_callback(process.stop)
        await process.start()

    def _profile(self) -> str:
        pki = SandboxPki(self._settings.pki)
        kiosk = pki.kiosk(TERMINAL)
        tables: dict[str, dict[str, object]] = {
            "": {"run": self.run, "audit": self.audit, "audit_key": self._audit_key, "ledger": self.ledger},
            "terminal": {"id": TERMINAL},
            "terminal.hall": HALL,
            "reader": {"uri": f"sdt://{self.run}/reader"},
            "platform": {
                "url": f"https://localhost:{self._sandbox_port}",
                "ca": pki.tls_ca.certificate,
                "certificate": kiosk.certificate,
                "anchor_key": pki.anchor_key,
                "key": kiosk.key,
            },
            "trust": {"root": pki.root.certificate},
            "tickets": {
                "uri": self._ticket_line.uri,
                "font": self._settings.assets / "fonts" / "NotoSansSC-Regular.otf",
            },
            "printer": {
                "server": f"127.0.0.1:{self.cups.port}",
                "queue": "kiosk",
                "uri": self.printer.uri,
            },
            "face": {"mode": "demo"},
            "maintenance": {"reader": "pcsc://", "ca": self._technicians[0], "crls": [self._technicians[1]]},
            "timing": dict(self._settings.timing),
            **{f"certificates.{code}": {"seal": offer.kind.seal_organisation} for code, offer in OFFERS.items()},
        }
        return "\n".join(table(name, values) for name, values in tables.items())


def table(name: str, values: dict[str, object]) -> str:
    """One TOML table; a JSON string or number is a TOML one, too, and so is a list of them."""
    lines = [f"[{name}]"] if name else []
    for key, value in values.items():
        lines.append(f"{key} = {json.dumps(value, default=str, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def face_box(portrait: Path) -> tuple[int, int, int, int]:
    """The part of a picture that an identity photograph shows: the head around the face that is found.

    Raises StartFailed when there is none.
    """
    import numpy as np
    from PIL import Image

    from models.evaluation.chip_photo import portrait_box
    from models.landmarks import FaceMesh

    with Image.open(portrait) as picture:
        faces = FaceMesh.for_stills().find(np.asarray(picture.convert("RGB")))
    if not faces:
        raise StartFailed(f"{portrait}: no face is seen in this picture")
    return portrait_box(faces[0])


@asynccontextmanager
async def equipped(settings: Settings) -> AsyncIterator[Machine]:
    """What stands around a terminal, started; all of it is stopped and its run directory removed at the end."""
    async with _built(settings) as (machine, stack):
        await machine.equip(stack)
        yield machine


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Machine]:
    """The whole machine: what stands around the terminal and its four processes, started at the same time.

    As at a real terminal, the desk may be there before its platform and its printer are.
    """
    async with _built(settings) as (machine, stack):
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(machine.equip(stack))
                group.create_task(machine.start(stack))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        yield machine


@asynccontextmanager
async def _built(settings: Settings) -> AsyncIterator[tuple[Machine, AsyncExitStack]]:
    run = Path(tempfile.mkdtemp(prefix="onecard-kiosk-", dir=TMPFS))
    run.chmod(0o711)  # the unprivileged print server must be able to pass; what is private below is closed by itself
    try:
        async with AsyncExitStack() as stack:
            machine = Machine(settings, run)
            stack.callback(machine.reader.close)
            yield machine, stack
    finally:
        shutil.rmtree(run, ignore_errors=True)
