"""A machine just large enough to be updated: kernel, systemd, RAUC, and the update's own files as the terminal has them
(image/rauc/, systemd/). In place of the terminal stands a gate that says yes or no.

It has what no terminal has: a program that runs what the test sends over a virtual serial port, and a journal on the
serial line. The tree is made once and kept in .cache; a version of it is one more root hash, and made in seconds.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from image import disk as layout
from image import uki, verity
from image.flavour import IMAGE

ROOT: Final = Path(__file__).parents[2]
RAUC: Final = ROOT / "image" / "rauc"
CACHE: Final = ROOT / ".cache" / "small-image"
FLAVOUR: Final = "test"
PORT: Final = "driver"
_EPOCH: Final = 1700000000

_PACKAGES: Final = (
    "systemd,systemd-sysv,systemd-boot,udev,dbus,kmod,zstd,linux-image-cloud-amd64,busybox-static,cryptsetup-bin,"
    "dosfstools,e2fsprogs,rauc,rauc-service,python3"
)
_DRIVER: Final = f"""[Unit]
Description=Runs what the test says
ConditionPathExists=/dev/virtio-ports/{PORT}
[Service]
ExecStart=/bin/bash -c 'exec 3<>/dev/virtio-ports/{PORT}; while read -r line <&3; do \\
  bash -c "$line" >&3 2>&1 </dev/null; echo "=== ended: $?" >&3; done'
Restart=always
RestartSec=100ms
[Install]
WantedBy=multi-user.target
"""
_NOT_STARTED: Final = (
    "apt-daily.timer",
    "e2scrub_reap.service",
    "systemd-binfmt.service",
    "proc-sys-fs-binfmt_misc.automount",
)
_AS_THE_IMAGE_HAS_THEM: Final = ("emergency.service",)
_ON_A_SERIAL_LINE: Final = ["console=ttyS0", "loglevel=4", "systemd.show_status=no"]
_FSTAB: Final = """tmpfs /tmp tmpfs mode=1777 0 0
/dev/disk/by-partlabel/state /run/state ext4 defaults 0 2
/run/state/rauc /var/lib/rauc none bind,x-systemd.requires-mounts-for=/run/state 0 0
/run/state/agent /var/lib/kiosk-agent none bind,x-systemd.requires-mounts-for=/run/state 0 0
/run/state/etc /etc/onecard-kiosk none bind,x-systemd.requires-mounts-for=/run/state 0 0
"""
# What the terminal would say of itself, said by a file in the root image.
_GATE: Final = """[Service]
ExecStart=
ExecStart=/bin/sh -c 'test "$$(cat /etc/gate)" = well'
StandardError=journal+console
"""
# No desk's user judges here: there is no operator.
_RESTARTS: Final = """[Service]
User=kiosk-agent
ExecStart=
ExecStart=/usr/bin/true
ExecStopPost=
"""
_NOT_NEEDED: Final = (
    *(
        "var/lib/apt",
        "var/lib/dpkg/info",
        "var/cache/apt",
        "usr/share/perl*",
        "usr/share/zoneinfo",
        "usr/lib/udev/hwdb*",
    ),
    *(f"usr/lib/x86_64-linux-gnu/{name}" for name in ("gconv", "perl*", "libperl*")),
    *(
        "usr/bin/perl*",
        "bin/busybox",
        "drivers/[!bcmnv]*",
        "drivers/comedi",
        "drivers/net/[!nv]*",
        "sound",
        "net/[!c]*",
        "fs/[bcgoux]*",
    ),
)
# What `kiosk agent` and `kiosk healthy` import.
_PYTHON: Final = (
    *("_cffi_backend*", "aiohappyeyeballs", "aiohttp", "aiosignal", "attr", "cryptography", "dbus_fast", "frozenlist"),
    *("idna", "msgspec", "multidict", "prometheus_client", "propcache", "systemd", "typing_extensions.py", "yarl"),
    "onecard_kiosk-*.dist-info",
)
_DESK: Final = """
import signal
from datetime import UTC, datetime
from pathlib import Path
from kiosk.health.findings import State, ok
from kiosk.health.published import Publication, Report
desk = Publication(Path("/run/onecard-kiosk/health"))
desk.write(Report(State.READY, datetime.now(UTC), False, (ok("printer", "ready"),), {}))
signal.pause()
"""
_DESK_UNIT: Final = """[Unit]
Description=Says that all is well
ConditionPathExists=!/etc/factory
After=systemd-tmpfiles-setup.service
[Service]
User=kiosk-desk
WorkingDirectory=/usr/lib/onecard-kiosk
ExecStart=/usr/lib/onecard-kiosk/venv/bin/python3 /usr/lib/test-desk.py
[Install]
WantedBy=multi-user.target
"""
_NETWORK: Final = "[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\n"
_INITRD: Final = ("dm-verity", "erofs", "virtio_blk", "virtio_pci", "sha256_generic", "crc32c_generic", "efivarfs")


@dataclass(frozen=True, slots=True)
class Tree:
    """A root directory, its kernel, and an initrd that opens a verified root."""

    root: Path
    kernel: Path
    initrd: Path


@dataclass(frozen=True, slots=True)
class Build:
    """What script/bundle takes (root.erofs, root.verity, kiosk-a.efi, kiosk-b.efi)."""

    folder: Path
    version: str


def tree() -> Tree:
    """Made when it is not there, about a minute and a half."""
    rule = IMAGE / "rauc/65-onecard-disk.rules"
    files = (rule, IMAGE / "initrd/init", IMAGE / "initrd/pack")
    recipe = hashlib.sha256(f"{_PACKAGES}{_INITRD}{_NOT_NEEDED}{[path.read_text() for path in files]}".encode())
    mark = CACHE / "made-from"
    made = Tree(CACHE / "root", CACHE / "vmlinuz", CACHE / "initrd.img")
    if mark.exists() and mark.read_text() == recipe.hexdigest():
        return made
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    _run(
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory", f"--include={_PACKAGES}"),
        *(f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "doc", "locale")),
        *('--aptopt=Apt::Install-Recommends "false"', "bookworm", made.root),
    )
    shutil.copy(rule, made.root / "usr/lib/udev/rules.d")
    version = next((made.root / "lib/modules").iterdir()).name
    _run("env", f"SOURCE_DATE_EPOCH={_EPOCH}", IMAGE / "initrd/pack", made.root, made.initrd, *_INITRD)
    shutil.copyfile(made.root / "boot" / f"vmlinuz-{version}", made.kernel)
    shutil.rmtree(made.root / "boot")
    for pattern in _NOT_NEEDED:
        for useless in (*made.root.glob(pattern), *(made.root / "lib/modules" / version / "kernel").glob(pattern)):
            shutil.rmtree(useless) if useless.is_dir() and not useless.is_symlink() else useless.unlink()
    mark.write_text(recipe.hexdigest())
    return made


def furnish(root: Path, ca: Path) -> None:
    """The terminal's own files for updates, and the test's."""
    _run(RAUC / "install", root, FLAVOUR, ca)
    units = root / "usr/lib/systemd/system"
    for name in ("kiosk-healthy.service", "kiosk-restart.service", "kiosk-restart.path"):
        shutil.copyfile(ROOT / "systemd" / name, units / name)
    _run("cp", "-r", ROOT / "systemd" / "kiosk-.service.d", units)
    shutil.copyfile(ROOT / "systemd/sysusers.d/onecard-kiosk.conf", root / "usr/lib/sysusers.d/onecard-kiosk.conf")
    _run("systemd-sysusers", f"--root={root}")
    for name in _AS_THE_IMAGE_HAS_THEM:
        shutil.copyfile(ROOT / "image" / "root" / "usr/lib/systemd/system" / name, units / name)
    _write(units / "kiosk-healthy.service.d" / "50-test.conf", _GATE)
    _write(units / "kiosk-restart.service.d" / "50-test.conf", _RESTARTS)
    _write(units / "test-driver.service", _DRIVER)
    _write(root / "etc/fstab", _FSTAB)
    (root / "etc/onecard-kiosk").mkdir(exist_ok=True)
    _write(root / "etc/machine-id", "")
    _write(root / "etc/systemd/journald.conf.d/test.conf", "[Journal]\nForwardToConsole=yes\nTTYPath=/dev/ttyS0\n")
    _run(
        "systemctl",
        f"--root={root}",
        "--quiet",
        "enable",
        "efi.mount",
        "kiosk-healthy.service",
        "test-driver.service",
    )
    _run("systemctl", f"--root={root}", "--quiet", "mask", "getty@.service", "serial-getty@.service", *_NOT_STARTED)
    _run("systemctl", f"--root={root}", "--quiet", "set-default", "multi-user.target")


def put_agent_in(root: Path) -> None:
    """The fleet's agent and what it needs, a desk that says that all is well in every version but the first, and a wire
    (QEMU's user network: the machine that tests is 10.0.2.2, and called localhost there)."""
    program, units = root / "usr/lib/onecard-kiosk", root / "usr/lib/systemd/system"
    packages = program / "venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    ours = Path(msgspec.__file__).parents[1]
    for pattern in _PYTHON:
        for path in ours.glob(pattern):
            _run("cp", "-r", path, packages)
    for room in ("kiosk", "platform_client", "hardware", "models"):
        _run("cp", "-r", ROOT / room, packages)
    (program / "venv/bin").mkdir()
    (program / "venv/bin/python3").symlink_to("/usr/bin/python3")
    _write(program / "venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
    for name in ("kiosk-agent.service", "kiosk-healthy.service"):
        shutil.copyfile(ROOT / "systemd" / name, units / name)
    _write(
        units / "kiosk-agent.service.d/30-fleet.conf",
        "[Service]\nIPAddressAllow=10.0.2.2\nLoadCredential=update.token:/etc/onecard-kiosk/update.token\n",
    )
    shutil.copyfile(ROOT / "systemd/tmpfiles.d/onecard-kiosk.conf", root / "usr/lib/tmpfiles.d/onecard-kiosk.conf")
    _write(root / "usr/lib/test-desk.py", _DESK)
    _write(units / "test-desk.service", _DESK_UNIT)
    _write(root / "etc/systemd/network/wire.network", _NETWORK)
    _write(root / "etc/hosts", "10.0.2.2 localhost\n")
    enabled = ("kiosk-restart.path", "test-desk.service", "systemd-networkd.service")
    _run("systemctl", f"--root={root}", "--quiet", "enable", *enabled[1:])
    wants = units / "multi-user.target.wants"
    for name in ("kiosk-restart.path", "kiosk-agent.service"):
        (wants / name).unlink(missing_ok=True)
        (wants / name).symlink_to(f"../{name}")


def take_agent_out(root: Path) -> None:
    shutil.rmtree(root / "usr/lib/onecard-kiosk/venv", ignore_errors=True)
    wants = root / "usr/lib/systemd/system/multi-user.target.wants"
    for path in (wants / "kiosk-agent.service", wants / "kiosk-restart.path"):
        path.unlink(missing_ok=True)
    _run("systemctl", f"--root={root}", "--quiet", "disable", "systemd-networkd.service", "test-desk.service")


def build(folder: Path, made: Tree, ca: Path, version: str, gate: str | None = "well", *, agent: bool = False) -> Build:
    """`gate`: what the file says that stands in for the terminal: "well", or anything else; None: the terminal's own
    gate looks."""
    folder.mkdir(parents=True)
    _write(made.root / "usr/lib/systemd/system/test-desk.service", _DESK_UNIT)
    take_agent_out(made.root)
    furnish(made.root, ca)
    if agent:
        put_agent_in(made.root)
    gate_says = made.root / "usr/lib/systemd/system/kiosk-healthy.service.d/50-test.conf"
    if gate is None:
        gate_says.unlink()
    _write(made.root / "etc/gate", gate or "")
    (made.root / "etc/factory").unlink(missing_ok=True)
    if version == "1.0":
        _write(made.root / "etc/factory", "")
    os_release = (made.root / "usr/lib/os-release").read_text()
    lines = [line for line in os_release.splitlines() if not line.startswith(("IMAGE_", "VARIANT_ID="))]
    lines += ["IMAGE_ID=onecard-kiosk", f"IMAGE_VERSION={version}", f"VARIANT_ID={FLAVOUR}", ""]
    _write(made.root / "usr/lib/os-release", "\n".join(lines))
    root = verity.seal(made.root, folder, _EPOCH, level=1)
    words = folder / "command-line"
    for slot in uki.SLOTS:
        words.write_text(uki.command_line(root.command_line, slot, _ON_A_SERIAL_LINE))
        sections = {".osrel": made.root / "usr/lib/os-release", ".cmdline": words}
        uki.assemble({**sections, ".linux": made.kernel, ".initrd": made.initrd}, folder / "unsigned.efi")
        _signer().sign(folder / "unsigned.efi", folder / f"kiosk-{slot}.efi")
    return Build(folder, version)


def disk(path: Path, factory: Build) -> None:
    """As it leaves the factory: slot a on trial, slot b empty; and a state partition that is not encrypted."""
    folder = factory.folder
    _signer().sign(uki.LOADER, folder / "loader.efi")
    _write(folder / "loader.conf", "timeout 0\neditor no\nauto-firmware no\nauto-entries no\n")
    esp = {
        "EFI/BOOT/BOOTX64.EFI": folder / "loader.efi",
        "loader/loader.conf": folder / "loader.conf",
        f"EFI/Linux/onecard-a_{factory.version}+3.efi": folder / "kiosk-a.efi",
    }
    state = folder / "state"
    for name in ("rauc", "agent", "etc"):
        (state / name).mkdir(parents=True, exist_ok=True)
    _run("mkfs.ext4", "-q", "-d", state, folder / "state.img", "256M")
    contents = {"root-a": folder / "root.erofs", "root-a-verity": folder / "root.verity", "state": folder / "state.img"}
    layout.write({"esp": layout.esp(esp, folder), **contents}, path)


def _signer() -> uki.KeyFile:
    return uki.snakeoil(CACHE)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _run(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
