"""When a stick has a driver (systemd/stick): programs that only note that they were called stand in."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.maintenance.exporting import ALLOWED
from kiosk.meeting import enrolment_stick_in

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

    def program(self, name: str, does: str) -> None:
        program = self.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)

    def fails(self, name: str) -> None:
        self.program(name, f'echo "{name} $*" >>{self.folder}/told\nexit 1')

    def interface(self, name: str, number: str) -> Path:
        folder = self.folder / "usb" / name
        folder.mkdir(parents=True)
        (folder / "bInterfaceClass").write_text(f"{number}\n")
        (folder / "authorized").write_text("1\n")
        return folder / "authorized"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """`sleep` is where time passes: then whoever expected a stick has it."""
    machine = Machine(tmp_path)
    for folder in ("bin", "run/onecard-kiosk/enrol-stick", "usb"):
        (tmp_path / folder).mkdir(parents=True)
    run = tmp_path / "run/onecard-kiosk"
    gone = {"sleep": f"rm -rf {run}/export-allowed {run}/enrol-stick/expected"}
    for name in ("modprobe", "systemctl", "sleep"):
        machine.program(name, f'echo "{name} $*" >>{tmp_path}/told\n{gone.get(name, "")}')
    return machine


@pytest.mark.parametrize("wish", ["onecard-kiosk/export-allowed", "onecard-kiosk/enrol-stick/expected"])
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


def test_what_hangs_loses_its_rights_all_the_same(machine: Machine) -> None:
    """A mount that cannot be left, an interface that cannot be written: the next is still refused, the driver still
    told to go, and the unit says that something is wrong."""
    machine.fails("systemctl")
    stuck, stick = machine.interface("1-1:1.0", "08"), machine.interface("1-2:1.0", "08")
    stuck.unlink()
    stuck.mkdir()
    assert machine.do("refuse-again").returncode == 1
    assert stick.read_text() == "0\n"
    assert machine.told[-1] == "modprobe --remove uas usb-storage"


def test_one_that_is_pulled_out_while_it_is_refused_is_no_fault(machine: Machine) -> None:
    """Between the look at its class and the word that takes its rights it is gone."""
    gone, stick = machine.interface("1-1:1.0", "08"), machine.interface("1-2:1.0", "08")
    machine.program("cat", f'/bin/cat "$@"\n[ "$1" != {gone.parent}/bInterfaceClass ] || rm -r {gone.parent}')
    assert machine.do("refuse-again").returncode == 0
    assert not gone.exists() and stick.read_text() == "0\n"


def test_a_driver_that_does_not_load_is_not_asked_for_again_and_again(machine: Machine) -> None:
    """A unit that ended at once would be started at once, as long as somebody waits for a stick."""
    machine.fails("modprobe")
    (machine.folder / "run/onecard-kiosk/export-allowed").touch()
    assert machine.do("while-expected").returncode == 1
    assert machine.told[-1] == "sleep 1"


def test_however_many_exports_follow_each_other_the_next_gets_its_driver() -> None:
    """A unit that was started too often takes its path unit with it: then no stick until the machine restarts."""
    assert "StartLimitIntervalSec=0\n" in (UNITS / "kiosk-stick.service").read_text(encoding="utf-8")


def test_all_who_ask_whether_a_stick_is_expected_look_at_the_same_files() -> None:
    """And enrolment's stands where root sees it without its rights over files, of which that unit has none."""
    run = Path("/run/onecard-kiosk")
    asked = {str(run / ALLOWED), str(enrolment_stick_in(run))}
    rules = (UNITS / "udev/70-onecard-kiosk.rules").read_text(encoding="utf-8")
    for admits in ("==", "!="):
        assert set(re.findall(rf'TEST{admits}"([^"]+)"', rules)) == asked
    path = (UNITS / "kiosk-stick.path").read_text(encoding="utf-8")
    assert set(re.findall(r"^PathExists=(.+)$", path, re.M)) == asked
    program = PROGRAM.read_text(encoding="utf-8")
    assert set(re.findall(r'-e "\$run(/[^"]+)"', program)) == {path.removeprefix("/run") for path in asked}
    made = (UNITS / "tmpfiles.d/onecard-kiosk.conf").read_text(encoding="utf-8")
    assert re.search(rf"^d {enrolment_stick_in(run).parent} +0755 kiosk-enrol ", made, re.M)


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
