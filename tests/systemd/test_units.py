"""The units as text: nothing unknown in them, nothing allowed without need, all they name is there (E07, F06)."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.maintenance import journal
from kiosk.memory import ENVIRONMENT

UNITS = Path(__file__).parents[2] / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
OTHERS = sorted(unit for kind in ("timer", "path", "mount") for unit in UNITS.glob(f"*.{kind}"))
# Exposure as `systemd-analyze security` rates it, in tenths: 0 is locked in, 100 is anything goes.
MOST = {"kiosk-ui": 10, "kiosk-documents": 5}
MOST_OF_ANY = 20
DEBIANS = ("prometheus", "prometheus-node-exporter", "systemd-journal-upload")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root directory with the units in it, and with the programs that they name."""
    root = tmp_path_factory.mktemp("root")
    for name in ("passwd", "group"):
        (root / "etc").mkdir(exist_ok=True)
        shutil.copy(f"/etc/{name}", root / "etc")
    for part in ("usr/lib/systemd/system", "bin", "sbin", "usr/bin", "usr/lib/onecard-kiosk/venv/bin"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for program in (
        "usr/lib/onecard-kiosk/venv/bin/python3",
        "usr/bin/systemctl",
        "usr/bin/true",
        "usr/bin/ln",
        "usr/bin/rm",
        "sbin/modprobe",
    ):
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    for program in (
        "usr/bin/prometheus",
        "usr/bin/prometheus-node-exporter",
        "lib/systemd/systemd-journal-upload",
        "bin/kill",
        "bin/sh",
    ):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    for name in DEBIANS:
        shutil.copy(f"/lib/systemd/system/{name}.service", root / "usr/lib/systemd/system")
    shutil.copy("/usr/lib/systemd/system/modprobe@.service", root / "usr/lib/systemd/system")
    for target in ("network-online", "time-sync"):
        shutil.copy(f"/usr/lib/systemd/system/{target}.target", root / "usr/lib/systemd/system")
    for target in ("basic", "sysinit", "shutdown", "network", "timers", "paths", "multi-user"):
        shutil.copy(f"/usr/lib/systemd/system/{target}.target", root / "usr/lib/systemd/system")
    subprocess.run([UNITS / "install", root], check=True)
    return root


@pytest.mark.parametrize("unit", [*SERVICES, *OTHERS], ids=lambda path: path.name)
def test_a_unit_says_nothing_that_systemd_does_not_know(unit: Path, installed: Path) -> None:
    """A misspelt restriction restricts nothing."""
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={installed}", unit.name],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.stem)
def test_a_unit_may_do_little_more_than_its_job(unit: Path) -> None:
    most = MOST.get(unit.stem, MOST_OF_ANY)
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={most}", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-300:]


@pytest.mark.parametrize("name", DEBIANS)
def test_debians_own_units_are_confined_like_ours(name: str, installed: Path) -> None:
    """What ships figures and logs sees more of the machine than it needs, as Debian runs it."""
    verify = [
        "systemd-analyze",
        "verify",
        "--man=no",
        "--recursive-errors=no",
        f"--root={installed}",
        f"{name}.service",
    ]
    quiet = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    found = subprocess.run(verify, capture_output=True, text=True, check=False, env=quiet)
    assert (found.returncode, found.stderr) == (0, "")
    security = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={installed}"]
    rated = subprocess.run(
        [*security, f"--threshold={MOST_OF_ANY}", f"{name}.service"], capture_output=True, text=True, check=False
    )
    assert rated.returncode == 0, rated.stdout[-300:]


def test_no_unit_says_what_the_drop_in_for_all_takes_back() -> None:
    """A drop-in is read after the unit: what a unit has beyond it must be a drop-in of its own."""
    last = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / "kiosk-.service.d/10-hardening.conf").read_text(), re.M))
    for unit in SERVICES:
        said = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.M))
        # These gather what each file says.
        both = (set(said) & set(last)) - {"Environment", "SystemCallFilter"}
        assert {key: said[key] for key in both if said[key] != last[key]} == {}, unit.name


def test_only_desk_print_server_agent_and_enrolment_have_a_network() -> None:
    """DESIGN.md: only the desk has a network, only vision has the camera, documents has neither."""
    networked = {unit.stem for unit in SERVICES if "PrivateNetwork=yes" not in unit.read_text()}
    assert networked == {"kiosk-desk", "kiosk-cups", "kiosk-agent", "kiosk-enrol"}
    assert {unit.stem for unit in SERVICES if "char-video4linux" in unit.read_text()} == {"kiosk-vision"}
    assert "PrivateDevices=yes" in (UNITS / "kiosk-documents.service").read_text()


def test_only_the_desk_reaches_cards() -> None:
    """C16: a window's process that was taken over sees a PIN, and must not have the card, too."""
    assert "InaccessiblePaths=-/run/pcscd\n" in (UNITS / "kiosk-.service.d/10-hardening.conf").read_text()
    opened = {path.parent.name for path in UNITS.glob("*/*.conf") if "InaccessiblePaths=\n" in path.read_text()}
    assert opened == {"kiosk-desk.service.d"}


def test_nothing_stops_the_desk_over_a_citizen() -> None:
    """F03, F06: whoever wants it to end asks at its door, also by night; who tests the terminal is not in it."""
    assert not [unit.name for unit in SERVICES if re.search(r"^Conflicts=.*kiosk-desk", unit.read_text(), re.M)]
    for timer in UNITS.glob("*.timer"):
        service = timer.with_suffix(".service").read_text()
        commands = re.findall(r"^Exec\w+=\S+ -m kiosk (\w+)", service, re.M)
        assert set(commands) <= {"maintenance", "audit"}, timer.name
    assert "--doctor unit" in (UNITS / "kiosk-desk.service").read_text()


def test_the_desk_is_told_before_it_starts_to_leave_nothing_behind() -> None:
    """C20: what kiosk/memory.py cannot say once it runs."""
    said = re.findall(r"^Environment=(.*)$", (UNITS / "kiosk-desk.service").read_text(), re.M)
    assert {f"{name}={value}" for name, value in ENVIRONMENT.items()} <= set(said)


def test_the_agent_is_told_which_boot_it_is() -> None:
    """By it it knows that the restart after an update has been; where the kernel says so its unit cannot look."""
    assert "ProcSubset=pid\n" in (UNITS / "kiosk-.service.d/10-hardening.conf").read_text()
    assert "Environment=BOOT_ID=%b\n" in (UNITS / "kiosk-agent.service").read_text()


def test_what_any_unit_says_is_in_an_export() -> None:
    """Nobody can look into a terminal: what its journal loses with the power must be in what staff take out."""
    image = UNITS.parent / "image"
    ours = {
        unit.name for unit in (*SERVICES, *image.rglob("kiosk-*.service"), *image.glob("root/**/onecard-*.service"))
    }
    assert set(journal.UNITS) == ours | {"rauc.service"}, "and Debian's, which takes updates"


def test_every_user_and_folder_that_is_named_is_made(installed: Path) -> None:
    """systemd-sysusers says 0 also when it could not make one."""
    subprocess.run(["systemd-sysusers", f"--root={installed}"], check=True, capture_output=True)
    users = {line.split(":")[0] for line in (installed / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0] for line in (installed / "etc/group").read_text().splitlines()}
    assert {f"kiosk-{name}" for name in ("desk", "ui", "vision", "documents", "cups", "agent", "enrol")} <= users
    assert {"kiosk-preview", "kiosk-health", "kiosk-reader"} <= groups
    for unit in SERVICES:
        for user in re.findall(r"^User=(.+)$", unit.read_text(), re.M):
            assert user in users
    subprocess.run(["systemd-tmpfiles", f"--root={installed}", "--create", "--prefix=/run/onecard-kiosk"], check=True)
    for worker in ("ui", "vision", "documents"):
        assert (installed / "run/onecard-kiosk" / worker).stat().st_mode & 0o7777 == 0o2710
    assert (installed / "run/onecard-kiosk/health").stat().st_mode & 0o7777 == 0o2750


def test_the_firewall_loads_and_lets_nobody_in(tmp_path: Path) -> None:
    """Checked by nft itself; without root, or without the kernel's part, it cannot be."""
    egress = tmp_path / "egress.nft"
    egress.write_text("define platform = { 192.0.2.10 }\ndefine fleet = { 192.0.2.20 }\n")
    rules = (UNITS / "nftables/onecard-kiosk.nft").read_text()
    checked = tmp_path / "rules.nft"
    checked.write_text(rules.replace("/etc/onecard-kiosk/egress.nft", str(egress)))
    said = subprocess.run(["/usr/sbin/nft", "--check", "--file", checked], capture_output=True, text=True, check=False)
    if "Operation not permitted" in said.stderr:
        pytest.skip("nft needs root")
    assert said.returncode == 0, said.stderr
    assert re.findall(r"hook (\w+) .*policy (\w+)", rules) == [
        ("input", "drop"),
        ("forward", "drop"),
        ("output", "drop"),
    ]


def test_a_timer_keeps_to_the_hours_of_the_hall() -> None:
    """Outside opening hours, and by the clock on the hall's wall."""
    for timer in UNITS.glob("*.timer"):
        (when,) = re.findall(r"^OnCalendar=(.+)$", timer.read_text(), re.M)
        assert when.endswith("Asia/Shanghai")
        assert re.search(r" 0[2-5]:\d\d:00 ", when)
        subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True)


def test_the_preset_enables_what_is_there() -> None:
    enabled = re.findall(r"^enable (\S+)$", next(UNITS.glob("system-preset/*")).read_text(), re.M)
    ours = {"kiosk.target", "kiosk-healthy.service", *(timer.name for timer in UNITS.glob("*.timer"))}
    theirs = {"nftables.service", *(f"{name}.service" for name in DEBIANS)}
    assert set(enabled) == ours | theirs
