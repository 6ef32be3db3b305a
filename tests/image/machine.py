"""A computer made of QEMU: power button, disks, firmware, TPM, network, panel, finger, keyboard and serial line.

QEMU computes everything itself (TCG): a test machine seldom has KVM that works, and a boot takes 20 to 40 s without it.
What waits here waits for something QEMU or the guest tells, and never longer than it was told to; a wait that fails
shows the end of the serial line. Only the picture on the panel has to be looked at again and again: QEMU tells nobody
that it changed.

labgrid drives QEMU too, for whole laboratories: places, exporters, an environment in YAML, a shell in the guest. This
guest has no shell, and a test here wants the power cord in its hand.

    async with switched_on(Hardware(disks=(Disk(image),), firmware=secure_boot(folder)), folder) as machine:
        await machine.serial.see(r"Reached target .*Graphical")
        picture = await machine.picture()
        await machine.tap(540, 960)
        await machine.off(60)           # until the guest has switched itself off
"""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image

from tests.image.network import Link
from tests.image.qmp import Qmp, Waiting

OVMF: Final = Path("/usr/share/OVMF")
SECURE_BOOT_CODE: Final = OVMF / "OVMF_CODE_4M.fd"
"""Debian's other build, for which no driver of the guest can forge a variable (SMM), checks signatures by the same
code, and needs two seconds more for it under TCG."""
# Its platform key is a public one for tests: /usr/share/ovmf/PkKek-1-snakeoil.key, pass phrase "snakeoil".
SNAKEOIL_VARIABLES: Final = OVMF / "OVMF_VARS_4M.snakeoil.fd"
PORTRAIT: Final = (1080, 1920)
CPU: Final = "max,erms=off,fsrm=off,avx=off,avx2=off,fma=off,f16c=off"
"""As the small processors of terminals are, and for two reasons. With ERMS the kernel clears memory by `rep stosb`, and
QEMU computes that byte by byte: 4 s of a start, where the first root is given up. With AVX2, code that Mesa's llvmpipe
made gathered from an address out of nowhere (`vpgatherdd`), and kiosk-ui ended with SIGSEGV at its first page; the same
root draws on a real processor with AVX2, and in QEMU 7.2 as a single program: what goes wrong is a whole machine's AVX.
"""
BOOT_S: Final = 600.0
"""For anything a guest does while it starts: many times what a quiet machine needs."""
_CONNECTS_S: Final = 60.0
_LOOKS_EVERY_S: Final = 0.5
_ABSOLUTE: Final = 0x7FFF  # the far end of both axes of a QEMU tablet


class Unseen(AssertionError):
    """What was waited for did not come; the text has the end of the serial line."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A raw image. `kept`: what the guest writes stays in it; else it is forgotten with the power.

    `bus`: "virtio", or "usb", a stick; one more can be put in while the machine runs.
    """

    image: Path
    kept: bool = False
    read_only: bool = False
    bus: str = "virtio"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Booted directly, without firmware and boot loader."""

    image: Path
    initrd: Path
    command_line: str


@dataclass(frozen=True, slots=True)
class Firmware:
    """OVMF. `variables`: what the board remembers (keys, boot entries), written to by the guest."""

    code: Path
    variables: Path


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the computer is made of; the same one can be switched on again and again.

    `tpm`: the folder in which a TPM 2.0 keeps its state. `panel`: width and height in pixels of a virtio GPU with a
    touch panel, None for none (on one narrower than 640 the firmware crashes). `link`: a private network
    (tests/image/network.py), None for no network card. `channels`: names of serial ports that the guest sees as
    /dev/virtio-ports/NAME. `extra`: further words for QEMU.
    """

    disks: Sequence[Disk] = ()
    kernel: Kernel | None = None
    firmware: Firmware | None = None
    tpm: Path | None = None
    panel: tuple[int, int] | None = PORTRAIT
    link: Link | None = None
    channels: Sequence[str] = ()
    memory_mib: int = 2048
    processors: int = 2
    extra: Sequence[str] = field(default=())


def secure_boot(folder: Path) -> Firmware:
    """OVMF that starts only what the public test key has signed; its variables lie in `folder` and are kept there."""
    variables = folder / "variables.fd"
    if not variables.exists():
        shutil.copyfile(SNAKEOIL_VARIABLES, variables)
    return Firmware(SECURE_BOOT_CODE, variables)


class Serial:
    """All that the guest has said on its first serial line."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.text = ""
        self._changed = asyncio.Condition()
        self._over = False

    async def see(self, pattern: str, seconds: float = BOOT_S, *, after: int = 0) -> re.Match[str]:
        """Waits for `pattern` (a regular expression, line by line) behind position `after`. Raises Unseen."""
        wanted = re.compile(pattern, re.MULTILINE)
        with self.explained(f"no {pattern!r}", seconds):
            async with asyncio.timeout(seconds), self._changed:
                while True:
                    found = wanted.search(self.text, after)
                    if found is not None:
                        return found
                    if self._over:
                        raise Unseen(f"no {pattern!r} before the power went\n{self.end}")
                    await self._changed.wait()

    @property
    def end(self) -> str:
        return f"--- {self.log} ends with ---\n{self.text[-6000:]}"

    @contextlib.contextmanager
    def explained(self, what: str, seconds: float) -> Any:
        try:
            yield
        except TimeoutError:
            raise Unseen(f"{what} within {seconds:.0f} s\n{self.end}") from None

    async def _follow(self, output: asyncio.StreamReader) -> None:
        with self.log.open("ab", buffering=0) as file:
            while said := await output.read(1 << 16):
                file.write(said)
                async with self._changed:
                    self.text += said.decode(errors="replace").replace("\r", "")
                    self._changed.notify_all()
        async with self._changed:
            self._over = True
            self._changed.notify_all()


class Machine:
    """One life of the computer, from power-on to power-off; made by `switched_on`."""

    def __init__(self, hardware: Hardware, process: asyncio.subprocess.Process, qmp: Qmp, serial: Serial) -> None:
        self.hardware = hardware
        self.serial = serial
        self.qmp = qmp
        self.channels: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        self.powered_on = asyncio.get_running_loop().time()
        self._process = process

    @property
    def on_for_s(self) -> float:
        """Since power-on."""
        return asyncio.get_running_loop().time() - self.powered_on

    # Power

    async def off(self, seconds: float = BOOT_S) -> str:
        """Waits until the machine is off by itself, and says why: "guest-shutdown", "guest-reset", "guest-panic" …"""
        with self.serial.explained("the machine is still on", seconds):
            async with asyncio.timeout(seconds):
                event = await self.qmp.event("SHUTDOWN")
                await self._process.wait()
        return str(event["data"]["reason"])

    async def press_power(self) -> None:
        """The button at the front, pressed shortly (ACPI)."""
        await self.qmp.execute("system_powerdown")

    async def cut_power(self) -> None:
        """Pulls the plug: nothing is finished, nothing is flushed."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    # Disk

    async def writes(self, number: int = 0) -> AsyncIterator[None]:
        """Once now, and again each time the guest has begun to write to this disk: what a machine that says nothing
        can be told by."""
        blocks = await self.qmp.execute("query-block")
        node = next(block["inserted"]["node-name"] for block in blocks if block["device"] == f"disk{number}")
        while True:
            await self.qmp.execute("block-set-write-threshold", **{"node-name": node, "write-threshold": 1})
            yield
            await self.qmp.event("BLOCK_WRITE_THRESHOLD")

    # Panel

    async def picture(self) -> Image.Image:
        """What is on the panel now."""
        file = self.serial.log.with_name("panel.png")
        await self.qmp.execute("screendump", filename=str(file), format="png")
        with Image.open(file) as picture:
            return picture.convert("RGB")

    async def look(self, shows: Callable[[Image.Image], bool], what: str, seconds: float = BOOT_S) -> Image.Image:
        """Looks at the panel until it shows what is meant. Raises Unseen; the last picture is kept beside the log."""
        with self.serial.explained(f"the panel does not show {what}", seconds):
            async with asyncio.timeout(seconds):
                while True:
                    picture = await self.picture()
                    if await asyncio.to_thread(shows, picture):
                        return picture
                    await asyncio.sleep(_LOOKS_EVERY_S)

    # Finger and keyboard

    async def tap(self, x: float, y: float) -> None:
        """A finger at these pixels of the panel, put down and lifted."""
        await self.touch(x, y, down=True)
        await self.touch(x, y, down=False)

    async def touch(self, x: float, y: float, *, down: bool) -> None:
        assert self.hardware.panel is not None, "there is no panel"
        width, height = self.hardware.panel
        axes = (("x", x / width), ("y", y / height))
        events: list[dict[str, Any]] = [
            {"type": "abs", "data": {"axis": axis, "value": round(share * _ABSOLUTE)}} for axis, share in axes
        ]
        # Where first, then that: a driver may look at the button as soon as it hears of it.
        await self.qmp.execute("input-send-event", events=events)
        button = {"type": "btn", "data": {"button": "left", "down": down}}
        await self.qmp.execute("input-send-event", events=[button])

    async def press(self, *keys: str) -> None:
        """Keys held together, by QEMU's names (QKeyCode): press("ctrl", "alt", "f2")."""
        await self.qmp.execute("send-key", keys=[{"type": "qcode", "data": key} for key in keys])

    async def put_in(self, stick: Path, name: str) -> None:
        """A USB stick with this content."""
        file = {"driver": "file", "filename": str(stick)}
        await self.qmp.execute("blockdev-add", **{"driver": "raw", "node-name": name, "file": file})
        await self.qmp.execute("device_add", driver="usb-storage", id=f"{name}-stick", drive=name, removable=True)


@asynccontextmanager
async def switched_on(hardware: Hardware, folder: Path) -> AsyncIterator[Machine]:
    """The machine from power-on until the end of the block, when the power is cut if it is still on.

    `folder`: for sockets, the serial log, QEMU's own words and the last picture of the panel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        monitor = await Waiting(folder / "qmp").open()
        stack.callback(monitor.close)
        ports = {name: await Waiting(folder / f"port-{number}").open() for number, name in enumerate(hardware.channels)}
        for port in ports.values():
            stack.callback(port.close)
        if hardware.tpm is not None:
            await _start_tpm(hardware.tpm)
        words = _command(hardware, folder)
        if hardware.link is not None:
            words = [*hardware.link.enter, *words]
        with (folder / "qemu.log").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=errors
            )
        serial = Serial(folder / "serial.log")
        serial.log.unlink(missing_ok=True)
        assert process.stdout is not None
        following = asyncio.create_task(serial._follow(process.stdout))
        stack.push_async_callback(_end, process, following)
        try:
            qmp = await Qmp.greet(*await monitor.streams(_CONNECTS_S))
        except (TimeoutError, ConnectionError):
            raise Unseen(f"QEMU did not start: {(folder / 'qemu.log').read_text(errors='replace')}") from None
        stack.push_async_callback(qmp.close)
        machine = Machine(hardware, process, qmp, serial)
        for name, port in ports.items():
            machine.channels[name] = await port.streams(_CONNECTS_S)
        yield machine


async def _end(process: asyncio.subprocess.Process, following: asyncio.Task[None]) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
    await following


async def _start_tpm(folder: Path) -> None:
    """swtpm: its command returns when it listens, and it ends with the machine; what it knows stays in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "socket").unlink(missing_ok=True)
    if not (folder / "tpm2-00.permall").exists():
        # One bank of registers is in use, as in a TPM one can buy: else the firmware hashes four times what it starts.
        made = await asyncio.create_subprocess_exec(
            *("swtpm_setup", "--tpm2", "--pcr-banks", "sha256", "--tpmstate", folder), stdout=asyncio.subprocess.DEVNULL
        )
        assert await made.wait() == 0, "no TPM was made"
    words = ("swtpm", "socket", "--tpm2", "--daemon", "--terminate", "--flags", "startup-clear")
    where = ("--tpmstate", f"dir={folder}", "--ctrl", f"type=unixio,path={folder}/socket")
    swtpm = await asyncio.create_subprocess_exec(*words, *where)
    assert await swtpm.wait() == 0, "swtpm did not start"


def _command(hardware: Hardware, folder: Path) -> list[str]:
    words = ["qemu-system-x86_64", "-name", "kiosk", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", CPU]
    words += ["-smp", str(hardware.processors), "-m", str(hardware.memory_mib)]
    words += ["-nodefaults", "-display", "none", "-vga", "none", "-no-reboot", "-device", "virtio-rng-pci"]
    words += ["-serial", "stdio", "-qmp", f"unix:{folder}/qmp", "-device", "qemu-xhci,id=usb"]
    if hardware.firmware:
        words += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={hardware.firmware.code}"]
        words += ["-drive", f"if=pflash,format=raw,unit=1,file={hardware.firmware.variables}"]
    if hardware.kernel:
        words += ["-kernel", str(hardware.kernel.image), "-initrd", str(hardware.kernel.initrd)]
        words += ["-append", hardware.kernel.command_line]
    for number, disk in enumerate(hardware.disks):
        options = f"readonly={_on(disk.read_only)},snapshot={_on(not disk.kept and not disk.read_only)}"
        words += ["-drive", f"if=none,id=disk{number},format=raw,file={disk.image},{options}"]
        device = "virtio-blk-pci" if disk.bus == "virtio" else "usb-storage,removable=on"
        # As the operator's guide wants it: start from this disk and from nothing else.
        words += ["-device", f"{device},drive=disk{number}" + (",bootindex=0" if number == 0 else "")]
    if hardware.tpm:
        words += ["-chardev", f"socket,id=tpm,path={hardware.tpm}/socket"]
        words += ["-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]
    if hardware.panel:
        width, height = hardware.panel
        words += ["-device", f"virtio-gpu-pci,xres={width},yres={height}"]
        # A finger as a panel on USB has it; the keyboard is the one that every PC has. The image has drivers for both.
        words += ["-device", "usb-tablet,bus=usb.0"]
    if hardware.link:
        words += ["-netdev", f"tap,id=net,ifname={hardware.link.tap},script=no,downscript=no"]
        words += ["-device", "virtio-net-pci,netdev=net"]
    if hardware.channels:
        words += ["-device", "virtio-serial-pci"]
    for number, name in enumerate(hardware.channels):
        words += ["-chardev", f"socket,id=port{number},path={folder}/port-{number}"]
        words += ["-device", f"virtserialport,chardev=port{number},name={name}"]
    return [*words, *hardware.extra]


def _on(yes: bool) -> str:
    return "on" if yes else "off"
