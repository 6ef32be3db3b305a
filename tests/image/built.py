"""The image that the tests boot: built once for what the source is now, kept in `.cache/image`, never written to."""

import base64
import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.image.machine import Disk, Hardware, Machine, secure_boot

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache/image"
_SOURCES = (
    "image",
    "kiosk",
    "hardware",
    "models",
    "platform_client",
    "systemd",
    "script/install",
    "requirements.run.lock",
)
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Built:
    """What script/image left in a folder."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.raw"

    @property
    def root_hash(self) -> str:
        return (self.folder / "root-hash").read_text(encoding="ascii").strip()

    def copy_of_disk(self, folder: Path) -> Path:
        """One that may be written to; holes stay holes."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / "disk.raw"
        subprocess.run(["cp", "--sparse=always", self.disk, copy], check=True)
        return copy


def built(flavour: str = "dev", *words: str) -> Built:
    """Builds when the source changed; quickly rather than small. Two runs of tests do not build at once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"test-{flavour}"
    with (CACHE / f"test-{flavour}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_from, wanted = folder / "made-from", _digest()
        if not made_from.exists() or made_from.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            command = ["script/image", "--flavour", flavour, "--level", "1", *words, str(folder)]
            done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
            made_from.write_text(wanted)
    return Built(folder)


def _digest() -> str:
    listed = subprocess.run(["git", "ls-files", "-z", *_SOURCES], cwd=CHECKOUT, capture_output=True, check=True).stdout
    digest = hashlib.sha256()
    for name in sorted(listed.split(b"\0")[:-1]):
        path = CHECKOUT / name.decode()
        if path.is_file():
            digest.update(name + b"\0" + path.read_bytes())
    return digest.hexdigest()


def terminal(disk: Path, folder: Path, probe: str = "", *, extra: Sequence[str] = ()) -> Hardware:
    """A machine as it stands in a hall: secure boot, TPM, this disk. `probe`: what a dev image runs as root."""
    hardware = Hardware(disks=(Disk(disk, kept=True),), firmware=secure_boot(folder), tpm=folder / "tpm", extra=extra)
    if probe:
        script = folder / "probe"
        script.write_text(probe, encoding="utf-8")
        hardware = replace(hardware, extra=(*extra, "-fw_cfg", f"name=opt/io.systemd.credentials/probe,file={script}"))
    return hardware


# What a probe is made of: facts as one line of JSON each on the serial line, then off.
FACT = """
fact() { printf 'FACT %s %s\\n' "$1" "$(shift; "$@" 2>&1 | base64 -w0)"; }
"""
OFF = "\necho PROBE-DONE\nsystemctl --no-block poweroff\n"


async def facts(machine: Machine) -> dict[str, str]:
    """What the probe told, by name."""
    await machine.serial.see("^PROBE-DONE")
    lines = [line.split() for line in machine.serial.text.splitlines() if line.startswith("FACT ")]
    return {line[1]: base64.b64decode(line[2] if len(line) > 2 else "").decode() for line in lines}


def partition(disk: Path, label: str) -> tuple[int, int]:
    """Where a partition begins and how long it is, in bytes."""
    told = subprocess.run(["sfdisk", "--json", disk], capture_output=True, check=True).stdout
    table: dict[str, Any] = json.loads(told)["partitiontable"]
    found = next(one for one in table["partitions"] if one["name"] == label)
    return found["start"] * table["sectorsize"], found["size"] * table["sectorsize"]


def flip_one_bit(disk: Path, at: int) -> None:
    with disk.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))


class Esp:
    """The firmware's partition of a disk, from outside (mtools)."""

    def __init__(self, disk: Path) -> None:
        self._at = f"{disk}@@{partition(disk, 'esp')[0]}"

    def names(self, folder: str = "") -> list[str]:
        words = ["mdir", "-b", "-i", self._at, f"::/{folder}"]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return [line.rstrip("/").rpartition("/")[2] for line in told.splitlines()]

    def kernels(self) -> list[str]:
        return self.names("EFI/Linux")

    def get(self, name: str, target: Path) -> None:
        subprocess.run(["mcopy", "-o", "-i", self._at, f"::/{name}", target], check=True)

    def put(self, source: Path, name: str) -> None:
        subprocess.run(["mcopy", "-o", "-i", self._at, source, f"::/{name}"], check=True)

    def make_folder(self, name: str) -> None:
        subprocess.run(["mmd", "-i", self._at, f"::/{name}"], check=True)

    def delete(self, name: str) -> None:
        subprocess.run(["mdel", "-i", self._at, f"::/{name}"], check=True)
