"""When a stick has a driver (systemd/stick): programs that only note that they were called stand in."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
PROGRAM = UNITS / "stick"


@dataclass
class Machine:
    folder: Path

    @property
    def told(self) -> list[str]:
        notes = self.folder / "told"
        return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []

    def do(self, word: str) -> subprocess.CompletedProcess[str]:
        there = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "ONECARD_RUN": f"{self.folder}/run"}
        there["ONECARD_USB"] = f"{self.folder}/usb"
        return subprocess.run([PROGRAM, word], env=there, capture_output=True, text=True, check=False, timeout=60)

    def interface(self, name: str, number: str) -> Path:
        folder = self.folder / "usb" / name
        folder.mkdir(parents=True)
        (folder / "bInterfaceClass").write_text(f"{number}\n")
        (folder / "authorized").write_text("1\n")
        return folder / "authorized"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """`sleep` is where time passes: then whoever expected a stick has it."""
    for folder in ("bin", "run/onecard-kiosk", "usb"):
        (tmp_path / folder).mkdir(parents=True)
    gone = {"sleep": f"rm -rf {tmp_path}/run/onecard-kiosk/export-allowed {tmp_path}/run/kiosk-enrol"}
    for name in ("modprobe", "systemctl", "sleep"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/told\n{gone.get(name, "")}\n')
        program.chmod(0o755)
    return Machine(tmp_path)


@pytest.mark.parametrize("wish", ["onecard-kiosk/export-allowed", "kiosk-enrol"])
def test_the_driver_is_there_as_long_as_a_stick_is_expected(machine: Machine, wish: str) -> None:
    (machine.folder / "run" / wish).mkdir()
    assert machine.do("while-expected").returncode == 0
    assert machine.told == ["modprobe --all usb-storage uas", "sleep 1"]


def test_afterwards_there_is_none_and_what_stays_plugged_in_is_refused(machine: Machine) -> None:
    """The one that a technician forgot is not let in by the next export."""
    stick, reader = machine.interface("1-1:1.0", "08"), machine.interface("1-2:1.0", "ff")
    assert machine.do("refuse-again").returncode == 0
    assert (stick.read_text(), reader.read_text()) == ("0\n", "1\n")
    mounts = "run-onecard-stick.mount run-onecard\\x2dkiosk-stick.mount"
    assert machine.told == [f"systemctl stop {mounts}", "modprobe --remove uas usb-storage"]


def test_a_stick_is_looked_at_only_where_its_file_system_can_be_mounted() -> None:
    """FAT and exFAT, as sticks are sold, and nothing that a stick would rather be: the modules are kept, udev lets
    both in, and nothing on them runs, is a device or changes whose program it is."""
    kept = (UNITS.parent / "image/kernel/modules").read_text(encoding="utf-8").split()
    assert {"vfat", "exfat", "usb-storage", "uas"} <= set(kept)
    rules = (UNITS / "udev/70-onecard-kiosk.rules").read_text(encoding="utf-8")
    assert rules.count('ENV{ID_FS_TYPE}=="vfat|exfat"') == rules.count("SYSTEMD_WANTS") == 2
    for mount in UNITS.glob("*.mount"):
        said = mount.read_text(encoding="utf-8")
        assert "Type=vfat,exfat\n" in said, mount.name
        (options,) = (line for line in said.splitlines() if line.startswith("Options="))
        assert {"noexec", "nodev", "nosuid"} <= set(options.partition("=")[2].split(",")), mount.name
