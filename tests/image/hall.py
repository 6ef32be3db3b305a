"""What stands around a booted terminal: platform, card reader, and a finger that touches what the screen tells of.

The platform is the sandbox at the other end of a private network. The reader is emulated on this machine and plugged in
as a USB serial line, so that udev, kernel and driver of the terminal are as they are. The printer and the person before
the camera are in the guest (image/dev/usr/lib/onecard-image/hall.py), which tells here what they did.
"""

import asyncio
import base64
import io
import json
import sys
import tarfile
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from hardware.cards import synthetic
from hardware.cards.emulator import SamEmulator
from hardware.cards.synthetic import SyntheticCard, citizens, portrait_block, webp_portrait
from kiosk.audit.checkpoint import KeyFile
from kiosk.demo.eyes import NeverSeen, View
from kiosk.demo.machine import DEMO_FACE, HALL, table
from kiosk.pages import Rotation
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.pki import SandboxPki
from tests.image.built import OFF, Built, terminal
from tests.image.machine import BOOT_S, PORTRAIT, Hardware, Machine, switched_on
from tests.image.network import Link
from tests.image.sandbox_outside import PORT, TERMINAL, prepare
from tests.ui.stage import on_the_panel

CHECKOUT = Path(__file__).parents[2]
HOLDER_NAME, HOLDER_NUMBER = "欧阳图南", synthetic.number(date(1991, 2, 3), "041")
"""Somebody of whom the program on the disk knows nothing."""
PRINTER_URI = "ipp://127.0.0.1:8632/ipp/print"


class Screen:
    """What is on the panel, in words and in pixels, as the guest tells it; and the papers in the printer's tray."""

    def __init__(self, machine: Machine, lines: asyncio.StreamReader, rotation: Rotation) -> None:
        self.machine = machine
        self._rotation = rotation
        self.view: View | None = None
        self.papers: list[bytes] = []
        self._lines = lines
        self._changed = asyncio.Condition()

    async def see(self, wanted: Callable[[View], bool], what: str, seconds: float = BOOT_S) -> View:
        """Waits until the painted screen is as wanted. Raises NeverSeen."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                while self.view is None or not wanted(self.view):
                    await self._changed.wait()
                return self.view
        except TimeoutError:
            showed = f"{self.view.page}: {self.view.text}" if self.view else "nothing"
            raise NeverSeen(f"{what} within {seconds:.0f} s; it showed {showed}\n{self.machine.serial.end}") from None

    async def page(self, *names: str, seconds: float = BOOT_S) -> View:
        return await self.see(lambda view: view.page in names, " or ".join(names), seconds)

    async def tap(self, name: str) -> View:
        """A finger on the middle of an item, as soon as it can be touched."""
        view = await self.see(lambda view: view.can_touch(name), f"the button {name!r}")
        place = (view.items[name]["x"], view.items[name]["y"])
        await self.machine.tap(*on_the_panel(*place, PORTRAIT, self._rotation))
        return view

    async def paper(self, seconds: float = BOOT_S) -> bytes:
        """The first paper that comes out."""
        async with asyncio.timeout(seconds), self._changed:
            while not self.papers:
                await self._changed.wait()
        return self.papers[0]

    async def go_on(self) -> None:
        """Lets the probe go on that waits for a line."""
        _, line = self.machine.channels["host"]
        line.write(b"go on\n")
        await line.drain()

    async def follow(self) -> None:
        while line := await self._lines.readline():
            told = json.loads(line)
            async with self._changed:
                if "paper" in told:
                    self.papers.append(base64.b64decode(told["paper"]))
                else:
                    self.view = seen(told["screen"])
                self._changed.notify_all()


def seen(told: dict[str, Any]) -> View:
    items = {item["id"]: item for item in told["items"] if item["id"]}
    text = "\n".join(item["text"] for item in told["items"])
    return View(told["page"], told["seq"], told["language"], items, text, told["frames"])


@dataclass
class Hall:
    """A terminal that knows its place, switched off. `reader`: lay the `card` on it."""

    hardware: Hardware
    reader: SamEmulator
    card: SyntheticCard
    folder: Path
    rotation: Rotation

    @asynccontextmanager
    async def switched_on(self, **changes: Any) -> AsyncIterator[Screen]:
        async with switched_on(replace(self.hardware, **changes), self.folder / "on") as machine:
            screen = Screen(machine, machine.channels["hall"][0], self.rotation)
            following = asyncio.create_task(screen.follow())
            try:
                yield screen
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)


@asynccontextmanager
async def hall(
    image: Built, assets: Path, link: Link, folder: Path, probe: str = "", rotation: Rotation = 0
) -> AsyncIterator[Hall]:
    """Platform and reader are there, and the disk remembers who the terminal is.

    `probe`: what the terminal runs as root when it is up; a line it reads from `/dev/virtio-ports/host` comes from
    `Screen.go_on`. `rotation`: of the pages on its panel.
    """
    pki = prepare(folder / "pki", link.host)
    outside = (sys.executable, "-m", "tests.image.sandbox_outside", str(folder / "pki"), str(assets), link.host)
    words = (*link.enter, *outside)
    with (folder / "platform.log").open("wb") as log:
        platform = await asyncio.create_subprocess_exec(
            *words, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE, stderr=log
        )
    reader = SamEmulator(folder / "reader")
    try:
        assert platform.stdout is not None
        assert await platform.stdout.readline(), (folder / "platform.log").read_text()
        disk = image.copy_of_disk(folder)
        async with switched_on(terminal(disk, folder, site(pki, link, folder, rotation)), folder / "first") as machine:
            await machine.serial.see("^PROBE-DONE")
            assert await machine.off() == "guest-shutdown"
        line = ("-chardev", f"serial,id=reader,path={reader.path.resolve()}", "-device", "usb-serial,chardev=reader")
        given = ("-fw_cfg", "name=opt/io.systemd.credentials/profile,string=given")
        hardware = replace(terminal(disk, folder, probe, extra=(*line, *given)), link=link, channels=("hall", "host"))
        hardware = replace(hardware, panel=PORTRAIT if rotation in (0, 180) else PORTRAIT[::-1])
        portrait = await asyncio.to_thread(webp_portrait, assets / "portrait.png", DEMO_FACE)
        somebody = citizens(portrait_block(portrait))[0]
        card = replace(somebody, name=HOLDER_NAME, number=HOLDER_NUMBER, birth="19910203")
        yield Hall(hardware, reader, card, folder, rotation)
    finally:
        reader.close()
        platform.terminate()
        await platform.wait()


def site(pki: SandboxPki, link: Link, folder: Path, rotation: Rotation) -> str:
    """A script for the terminal's first start, which writes down who it is, as provisioning does."""
    etc, state = "etc/onecard-kiosk", "var/lib/onecard-kiosk"
    KeyFile.create(folder / "audit.key")
    kiosk = pki.kiosk(TERMINAL)
    profile = "\n".join(table(name, values) for name, values in _profile(link, rotation).items())
    tomllib.loads(profile)
    files = {
        f"{etc}/profile.toml": profile.encode(),
        f"{etc}/ca.pem": pki.tls_ca.certificate.read_bytes(),
        f"{etc}/root.pem": pki.root.certificate.read_bytes(),
        f"{etc}/credentials/platform.key": kiosk.key.read_bytes(),
        f"{etc}/credentials/audit.key": (folder / "audit.key").read_bytes(),
        f"{state}/device.pem": kiosk.certificate.read_bytes(),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o600 if "credentials" in name else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return (
        f"base64 -d <<'SITE' | tar -xzf - -C / --no-same-owner\n{base64.encodebytes(packed.getvalue()).decode()}SITE\n"
        f"chmod 0700 /{etc}/credentials\nchown kiosk-desk: /{state}/device.pem\nsync\n" + OFF
    )


def _profile(link: Link, rotation: Rotation) -> dict[str, dict[str, object]]:
    etc, state = Path("/etc/onecard-kiosk"), Path("/var/lib/onecard-kiosk")
    return {
        "": {
            "run": "/run/onecard-kiosk",
            "audit": state / "audit",
            "audit_key": "audit.key",
            "ledger": state / "ledger",
        },
        "terminal": {"id": TERMINAL},
        "terminal.hall": HALL,
        "reader": {"uri": "sdt:///dev/ttyUSB0"},
        "platform": {
            "url": f"https://{link.host}:{PORT}",
            "ca": etc / "ca.pem",
            "certificate": state / "device.pem",
            "key": "platform.key",
        },
        "trust": {"root": etc / "root.pem"},
        "printer": {"server": "127.0.0.1:8631", "queue": "kiosk", "uri": PRINTER_URI},
        "face": {"mode": "demo"},
        **{f"certificates.{code}": {"seal": offer.kind.seal_organisation} for code, offer in OFFERS.items()},
        "screen": {"rotation": rotation},
    }
