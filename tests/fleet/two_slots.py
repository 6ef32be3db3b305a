"""A machine with two slots: Debian's RAUC itself, on a private bus, files for slots, a script for a boot loader.

What a restart does is done by hand (`restart`): the slot that the boot loader has as its first then runs, or, when it
does not boot, the other.
"""

import asyncio
import os
import subprocess
from pathlib import Path

from dbus_fast import Message
from dbus_fast.aio import MessageBus

IMAGE_BYTES = 64 * 1024
OTHER = {"A": "B", "B": "A"}
_BOOT_LOADER = """#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
get-primary) cat primary ;;
set-primary) echo "$2" > primary ;;
get-state) cat "state.$2" ;;
set-state) echo "$3" > "state.$2" ;;
esac
"""
_CONFIG = """[system]
compatible=onecard-kiosk
bootloader=custom
statusfile={folder}/status
mountprefix={folder}/mount
[handlers]
bootloader-custom-backend={folder}/boot-loader
[keyring]
path={keyring}
[slot.rootfs.0]
device={folder}/slot.A
type=raw
bootname=A
[slot.rootfs.1]
device={folder}/slot.B
type=raw
bootname=B
"""


class Signer:
    """Makes bundles that a machine with this keyring believes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.certificate, self._key = folder / "signer.pem", folder / "signer.key"
        words = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        words += ["-keyout", str(self._key), "-out", str(self.certificate), "-days", "30", "-subj", "/CN=fleet"]
        words += ["-addext", "keyUsage=digitalSignature,keyCertSign", "-addext", "extendedKeyUsage=emailProtection"]
        subprocess.run(words, check=True, capture_output=True)

    def bundle(self, image: bytes) -> bytes:
        content, out = self.folder / "content", self.folder / "update.raucb"
        content.mkdir(exist_ok=True)
        out.unlink(missing_ok=True)
        (content / "rootfs.img").write_bytes(image)
        manifest = "[update]\ncompatible=onecard-kiosk\nversion=2.0\n[bundle]\nformat=plain\n"
        (content / "manifest.raucm").write_text(manifest + "[image.rootfs]\nfilename=rootfs.img\n")
        words = ["rauc", "bundle", f"--cert={self.certificate}", f"--key={self._key}", str(content), str(out)]
        subprocess.run(words, check=True, capture_output=True)
        return out.read_bytes()


class TwoSlots:
    """Runs slot A at first."""

    def __init__(self, folder: Path, keyring: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.running = "A"
        self.wish = folder / "restart"
        self.boots = 1
        for slot in OTHER:
            (folder / f"slot.{slot}").write_bytes(bytes(1024 * 1024))
            (folder / f"state.{slot}").write_text("good\n")
        (folder / "primary").write_text("A\n")
        (folder / "boot-loader").write_text(_BOOT_LOADER)
        (folder / "boot-loader").chmod(0o755)
        (folder / "mount").mkdir()
        self._config = folder / "system.conf"
        self._config.write_text(_CONFIG.format(folder=folder, keyring=keyring))
        self.address = f"unix:path={folder}/bus"
        self._bus: asyncio.subprocess.Process | None = None
        self._rauc: asyncio.subprocess.Process | None = None

    @property
    def primary(self) -> str:
        return (self.folder / "primary").read_text().strip()

    def state(self, slot: str) -> str:
        return (self.folder / f"state.{slot}").read_text().strip()

    def content(self, slot: str) -> bytes:
        return (self.folder / f"slot.{slot}").read_bytes()[:IMAGE_BYTES]

    async def start(self) -> None:
        words = ("dbus-daemon", "--session", "--nofork", f"--address={self.address}", "--print-address=1")
        self._bus = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert self._bus.stdout is not None
        await asyncio.wait_for(self._bus.stdout.readline(), 30)
        await self._start_rauc()

    async def stop(self) -> None:
        for process in (self._rauc, self._bus):
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()

    async def restart(self, *, boots: bool = True) -> None:
        """`boots`: whether the slot that is tried first does."""
        assert self._rauc is not None
        self._rauc.terminate()
        await self._rauc.wait()
        self.running = self.primary if boots else OTHER[self.primary]
        self.wish.unlink(missing_ok=True)
        self.boots += 1
        await self._start_rauc()

    async def _start_rauc(self) -> None:
        environment = {**os.environ, "DBUS_STARTER_BUS_TYPE": "session", "DBUS_SESSION_BUS_ADDRESS": self.address}
        self._rauc = await asyncio.create_subprocess_exec(
            *("rauc", "service", f"--conf={self._config}", f"--override-boot-slot={self.running}"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        bus = await MessageBus(bus_address=self.address).connect()
        try:
            async with asyncio.timeout(30):
                while True:  # the bus would tell of the name; asking is shorter, and only a test waits
                    desk = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner")
                    reply = await bus.call(Message(*desk, signature="s", body=["de.pengutronix.rauc"]))
                    if reply is not None and reply.body == [True]:
                        return
                    await asyncio.sleep(0.05)
        finally:
            bus.disconnect()
