"""A machine with a real systemd (systemd-nspawn --boot). Its disk is this machine's, seen through an overlay: what a
test changes lies in memory and is gone afterwards. The units run as they are; only devices are emulated (`hall.py`).

Not enforced in here, for want of BPF on control groups: IPAddressDeny= and DevicePolicy=.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
PROGRAM = Path("usr/lib/onecard-kiosk")
PACKAGES = ("kiosk", "hardware", "models", "platform_client")
BOOT_S = 240

_HALL = """
[Unit]
Description=What stands around the terminal
Before=kiosk.target kiosk-cups.service kiosk-desk.service kiosk-ui.service kiosk-vision.service kiosk-documents.service
Before=kiosk-agent.service kiosk-enrol.service
[Service]
Type=notify
ExecStart={checkout}/.venv/bin/python3 {checkout}/tests/systemd/hall.py {checkout} /results.json
ExecStopPost=-/bin/sh -c "journalctl -b --no-pager -o short-monotonic >> /hall.log"
ExecStopPost=/usr/bin/systemctl --no-block poweroff
StandardOutput=append:/hall.log
StandardError=append:/hall.log
WorkingDirectory={checkout}
Environment=PYTHONPATH={checkout} PYTHONDONTWRITEBYTECODE=1
TimeoutStartSec=120
RuntimeMaxSec=200
"""
_TARGET = """
[Unit]
Requires=basic.target
Wants=hall.service kiosk.target
After=basic.target
AllowIsolate=yes
"""


def boot(work: Path) -> dict[str, Any]:
    """Boots, lets `hall.py` play, returns what it saw. `work`: a folder on tmpfs."""
    with overlay(work) as root:
        subprocess.run([CHECKOUT / "systemd/install", root], check=True)
        subprocess.run(["systemd-sysusers", f"--root={root}"], check=True)
        for name in PACKAGES:
            (root / PROGRAM / name).mkdir(parents=True)
        (root / PROGRAM / "venv").mkdir()
        units = root / "etc/systemd/system"
        (units / "hall.service").write_text(_HALL.format(checkout=CHECKOUT), encoding="utf-8")
        (units / "ktest.target").write_text(_TARGET, encoding="utf-8")
        console = work / "console"
        binds = [f"--bind-ro={CHECKOUT / name}:/{PROGRAM / name}" for name in PACKAGES]
        # The checkout may lie where the units cannot look: in /tmp, or in somebody's home.
        assets = CHECKOUT / ".cache/assets"
        binds += [f"--bind-ro={part}:/usr/share/onecard-kiosk/{part.name}" for part in assets.iterdir()]
        binds += [f"--bind-ro={CHECKOUT / '.venv'}:/{PROGRAM / 'venv'}", f"--bind={CHECKOUT}:{CHECKOUT}"]
        command = [
            "systemd-nspawn",
            "-D",
            root,
            "--register=no",
            "--keep-unit",
            "--private-network",
            "--settings=no",
            "--link-journal=no",
        ]
        command += ["--console=pipe", *binds, "--boot", "systemd.unit=ktest.target"]
        with console.open("w") as log:
            subprocess.run(
                command,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=BOOT_S,
                check=False,
            )
        results, told = root / "results.json", root / "hall.log"
        said = console.read_text(errors="replace") + (told.read_text(errors="replace") if told.exists() else "no hall")
        assert results.exists(), said[-16000:]
        return dict(json.loads(results.read_text(encoding="utf-8")))


@contextmanager
def overlay(work: Path) -> Iterator[Path]:
    """This machine's disk, on which everything can be written and nothing is."""
    upper, inner, root = work / "upper", work / "inner", work / "root"
    for folder in (upper, inner, root):
        folder.mkdir(parents=True)
    options = f"lowerdir=/,upperdir={upper},workdir={inner}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
    try:
        yield root
    finally:
        subprocess.run(["umount", "--recursive", root], check=False)
        shutil.rmtree(work, ignore_errors=True)
