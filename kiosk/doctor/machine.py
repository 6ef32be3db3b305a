"""Nothing lands on a disk: sockets on tmpfs, no swap but in memory, no core dump (proc(5), core(5))."""

import os
from pathlib import Path
from typing import Final

from kiosk.health.findings import Finding, fail, ok, warn

PROC: Final = Path("/proc")
MEMORY_BYTES: Final = 256 * 1024 * 1024
"""What checking a face or drawing a certificate may need at once."""
TIMESYNC: Final = Path("/run/systemd/timesync")
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_NO_CORE: Final = frozenset({"", "|/bin/false", "|/bin/true"})


def run_directory(run: Path, proc: Path = PROC) -> Finding:
    """`run` of the profile."""
    if not run.is_dir():
        return fail("run directory", f"{run} is not there", "the unit's RuntimeDirectory= makes it")
    kind = _file_system(run.resolve(), proc)
    if kind not in _IN_MEMORY:
        return fail("run directory", f"{run} is on {kind}", "put it on tmpfs: camera pictures pass through it")
    return ok("run directory", f"{run} is on {kind}")


def swap(proc: Path = PROC) -> Finding:
    """Compressed memory (zram) is no disk."""
    areas = [line.split()[0] for line in (proc / "swaps").read_text().splitlines()[1:] if line.strip()]
    disks = [area for area in areas if not area.startswith("/dev/zram")]
    if disks:
        remedy = "swapoff -a, and take it out of /etc/fstab"
        return fail("swap", f"memory may be written to {', '.join(disks)}", remedy)
    return ok("swap", "none on a disk")


def core_dumps(proc: Path = PROC) -> Finding:
    """Our own processes forbid theirs at the start; this is about the print server's and the screen's (core(5))."""
    if (proc / "sys/kernel/core_pattern").read_text().strip() in _NO_CORE:
        return ok("core dumps", "the kernel throws them away")
    remedy = "kernel.core_pattern=|/bin/false, and LimitCORE=0 in the units"
    return fail("core dumps", "a crash may write a citizen's data to a disk", remedy)


def memory(proc: Path = PROC) -> Finding:
    """What can be had without swapping."""
    lines = dict(line.split(":", 1) for line in (proc / "meminfo").read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) * 1024
    if available < MEMORY_BYTES:
        return warn("memory", f"{available // 2**20} MiB are free", "which program grows? systemd-cgtop -m")
    return ok("memory", "enough")


def time_server(folder: Path = TIMESYNC) -> list[Finding]:
    """Whether systemd-timesyncd has heard one since the start (systemd-time-wait-sync.service(8)). A machine that gets
    its time in another way says nothing here."""
    if not folder.is_dir():
        return []
    if not (folder / "synchronized").exists():
        return [warn("clock", "no time server was heard since the start", "is udp 123 let out? timedatectl says")]
    return [ok("clock", "set by a time server")]


def _file_system(path: Path, proc: Path) -> str:
    """The type of the file system that a path is on: the mount with the longest name that leads to it (the last of
    equals lies on top)."""
    best, kind = "", "an unknown file system"
    for line in (proc / "self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        mount = before.split()[4].replace("\\040", " ")
        if os.path.commonpath([mount, path]) == mount and len(mount) >= len(best):
            best, kind = mount, after.split()[0]
    return kind
