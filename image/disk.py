"""The whole disk: the partitions of `repart.d/` (repart.d(5)), slot A filled, slot B and the state empty.

Made with sfdisk(8), not systemd-repart: bookworm's cannot make a verity partition here. Its files say what the disk
looks like all the same, and a later systemd reads them as they are.
"""

import configparser
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from image.flavour import IMAGE

_MIB = 1 << 20
_TYPES = {  # Discoverable Partitions Specification
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "root-x86-64": "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "root-x86-64-verity": "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
    "linux-generic": "0fc63daf-8483-4772-8e79-3d69d8477de4",
}
_NAMES = uuid.UUID("6f2a2c5e-6b3e-4a55-9b53-8a2f7b1f4c10")


@dataclass(frozen=True)
class Partition:
    """A partition and where it lies."""

    label: str
    type: str
    start_mib: int
    size_mib: int


def layout() -> list[Partition]:
    """The partitions in order, the first after one MiB for the table."""
    found: list[Partition] = []
    start = 1
    for path in sorted((IMAGE / "repart.d").glob("*.conf")):
        reader = configparser.ConfigParser()
        reader.read(path, encoding="utf-8")
        section = reader["Partition"]
        size = _mib(section["SizeMinBytes"])
        found.append(Partition(section["Label"], _TYPES[section["Type"]], start, size))
        start += size
    return found


def _mib(text: str) -> int:
    return int(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def esp(files: dict[str, Path], out: Path) -> Path:
    """The firmware's partition as a file, with these files (target: source)."""
    size = next(p.size_mib for p in layout() if p.label == "esp")
    image = out / "esp.vfat"
    image.unlink(missing_ok=True)
    subprocess.run(["truncate", "-s", f"{size}M", image], check=True)
    subprocess.run(["mkfs.vfat", "-F32", "-n", "ESP", "--invariant", image], stdout=subprocess.DEVNULL, check=True)
    folders = {parent for target in files for parent in Path(target).parents if parent != Path()}
    subprocess.run(["mmd", "-i", image, *(f"::/{folder}" for folder in sorted(folders))], check=True)
    for target, source in files.items():
        subprocess.run(["mcopy", "-i", image, source, f"::/{target}"], check=True)
    return image


def write(contents: dict[str, Path], disk: Path) -> None:
    """The disk as a sparse file. Raises ValueError when something does not fit its partition."""
    partitions = layout()
    last = partitions[-1]
    disk.unlink(missing_ok=True)
    subprocess.run(["truncate", "-s", f"{last.start_mib + last.size_mib + 1}M", disk], check=True)
    table = [f"label: gpt\nlabel-id: {uuid.uuid5(_NAMES, 'disk')}"]
    for p in partitions:
        name = f"uuid={uuid.uuid5(_NAMES, p.label)}, name={p.label}"
        table.append(f"start={p.start_mib}MiB, size={p.size_mib}MiB, type={p.type}, {name}")
    subprocess.run(["sfdisk", "--quiet", disk], input="\n".join(table), text=True, check=True)
    for p in partitions:
        if p.label not in contents:
            continue
        source = contents[p.label]
        if source.stat().st_size > p.size_mib * _MIB:
            raise ValueError(f"{source.name} has {source.stat().st_size >> 20} MiB, {p.label} only {p.size_mib}")
        copy = ["dd", f"if={source}", f"of={disk}", "bs=1M", f"seek={p.start_mib}", "conv=notrunc,sparse"]
        subprocess.run([*copy, "status=none"], check=True)
