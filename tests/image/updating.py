"""Machines that are updated: what a test says to them, and the power cord.

A power cut at a chosen moment of an installation needs a machine that is about to begin, again and again. It is started
once, and its memory kept (QEMU's migration to a file); each attempt wakes on a copy of its disk.
"""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.image import small
from tests.image.machine import Disk, Firmware, Hardware, Machine, secure_boot, switched_on

ROOT: Final = Path(__file__).parents[2]
SAYS_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose bundles a machine takes that has its CA."""

    ca: Path
    certificate: Path
    key: Path

    def sign(self, build: small.Build, out: Path) -> Path:
        words: list[str | Path] = [ROOT / "script/bundle", build.folder, small.FLAVOUR, out]
        quick = "--mksquashfs-args=-noD -noF -noI -noX"
        signed: list[str | Path] = [*words, "--cert", self.certificate, "--key", self.key, quick]
        subprocess.run(signed, check=True, capture_output=True)
        return out


def make_signer(folder: Path) -> Signer:
    """A CA, and the certificate of one release under it (RAUC reference, "Security")."""
    folder.mkdir()
    ca, ca_key, certificate, key = (folder / name for name in ("ca.pem", "ca.key", "release.pem", "release.key"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    _openssl(*curve, "-x509", "-subj", f"/CN={folder.name} CA", "-keyout", ca_key, "-out", ca)
    use = ("-addext", "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=emailProtection")
    under = ("-CA", ca, "-CAkey", ca_key, "-x509", "-addext", "basicConstraints=CA:FALSE")
    _openssl(*curve, *under, *use, "-subj", f"/CN={folder.name} release", "-keyout", key, "-out", certificate)
    return Signer(ca, certificate, key)


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", "req", *words], check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Computer:
    """`disk`, and `variables` of its firmware, are what remains without power; `bundles` is a medium in its drive."""

    folder: Path
    disk: Path
    bundles: Path

    @property
    def firmware(self) -> Firmware:
        return secure_boot(self.folder)

    def copy(self, folder: Path) -> "Computer":
        folder.mkdir()
        for path in (self.disk, self.firmware.variables):
            subprocess.run(["cp", "--sparse=always", path, folder], check=True)
        return Computer(folder, folder / self.disk.name, self.bundles)

    @asynccontextmanager
    async def on(self, *extra: str) -> AsyncIterator[Machine]:
        drive = ("-drive", f"if=none,id=bundles,format=raw,readonly=on,file={self.bundles}")
        device = ("-device", "virtio-blk-pci,drive=bundles,serial=bundles")
        hardware = Hardware(
            disks=(Disk(self.disk, kept=True),),
            firmware=self.firmware,
            panel=None,
            channels=(small.PORT,),
            memory_mib=1024,
            extra=(*drive, *device, *extra),
        )
        async with switched_on(hardware, self.folder / "run") as machine:
            yield machine


@dataclass(frozen=True, slots=True)
class Asleep:
    """A machine that stopped in the middle of its work."""

    computer: Computer
    memory: Path

    @asynccontextmanager
    async def awake(self, folder: Path) -> AsyncIterator[tuple[Computer, Machine]]:
        """On a copy of its disk."""
        computer = self.computer.copy(folder)
        async with computer.on("-incoming", f"exec:cat {self.memory}") as machine:
            while (await machine.qmp.execute("query-status"))["status"] == "inmigrate":
                pass
            await machine.qmp.execute("cont")
            yield computer, machine


async def put_to_sleep(machine: Machine, computer: Computer, folder: Path) -> Asleep:
    memory = folder.with_suffix(".memory")
    await machine.qmp.execute("stop")
    await machine.qmp.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    await machine.qmp.execute("migrate", uri=f"exec:cat > {memory}")
    while (await machine.qmp.event("MIGRATION"))["data"]["status"] != "completed":
        pass
    await machine.cut_power()
    return Asleep(computer.copy(folder), memory)


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    text: str


async def say(machine: Machine, words: str, seconds: float = SAYS_S) -> Said:
    """Runs it in the guest."""
    reader, writer = machine.channels[small.PORT]
    writer.write(words.encode() + b"\n")
    await writer.drain()
    text = ""
    with machine.serial.explained(f"no answer to {words!r}", seconds):
        async with asyncio.timeout(seconds):
            while not (line := (await reader.readline()).decode()).startswith("=== ended: "):
                if not line:
                    raise ConnectionError(f"the machine went away: {text}\n{machine.serial.end}")
                text += line
    return Said(int(line.split()[-1]), text)


async def ask(machine: Machine, words: str) -> str:
    said = await say(machine, words)
    assert said.code == 0, f"{words}: {said.text}\n{machine.serial.end}"
    return said.text.strip()


async def version(machine: Machine) -> str:
    """Of the root that runs."""
    return await ask(machine, "sed -n s/^IMAGE_VERSION=//p /etc/os-release")


async def entries(machine: Machine) -> list[str]:
    return (await ask(machine, "ls /efi/EFI/Linux")).split()


async def insert_bundles(machine: Machine) -> None:
    await ask(machine, "mount -o ro /dev/disk/by-id/virtio-bundles /media")


async def start_over(machine: Machine) -> None:
    """As the agent asks for it; the machine goes off, for QEMU is not to start it again."""
    _, writer = machine.channels[small.PORT]
    writer.write(b"systemctl --no-block reboot\n")
    await writer.drain()
    assert await machine.off() == "guest-reset"


def medium(folder: Path, bundles: dict[str, Path]) -> Path:
    """Bundles as a file system that a machine can mount."""
    content, out = folder / "bundles", folder / "bundles.squashfs"
    content.mkdir()
    for name, path in bundles.items():
        shutil.move(path, content / name)
    subprocess.run(
        ["mksquashfs", content, out, *["-noD", "-noF", "-noI", "-noX", "-quiet", "-no-progress"]], check=True
    )
    shutil.rmtree(content)
    return out


def damaged(bundle: Path, out: Path) -> Path:
    """With one bit of its payload turned round."""
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    out.write_bytes(content)
    return out


async def writes(machine: Machine) -> int:
    """How often it has written to its disk since it woke."""
    drives = await machine.qmp.execute("query-blockstats")
    return int(next(drive["stats"]["wr_operations"] for drive in drives if drive["device"] == "disk0"))


FAILED = re.compile(r"LastError: (.*)")


async def refusal(machine: Machine, bundle: str) -> str:
    """RAUC's reason."""
    said = await say(machine, f"rauc install /media/{bundle} 2>&1")
    found = FAILED.search(said.text)
    assert said.code != 0 and found is not None, said.text
    return found[1]
