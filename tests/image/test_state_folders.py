"""Where the state partition's folders are seen (`state-folders`), in a mount namespace in place of a machine."""

import os
import subprocess
from pathlib import Path

import pytest

from image.flavour import IMAGE

PROGRAM = IMAGE / "root" / "usr/lib/onecard-image/state-folders"
# The test's machine has none of a terminal's users.
AS_ANYBODY = 'install() { /usr/bin/install $(echo " $*" | sed "s/ -[og] [a-z-]*//g"); }\n'
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


def seen(machine: Path, *questions: str) -> str:
    """What these commands say after the folders were put in place."""
    script = AS_ANYBODY + PROGRAM.read_text(encoding="utf-8") + "\n" + "\n".join(questions)
    words: list[str | Path] = ["unshare", "--mount", "--propagation", "private", "sh", "-s", machine]
    return subprocess.run(words, input=script, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Switched off; whoever had its disk left a profile, and a key for the door of the fleet."""
    for folder in ("run", "state/etc/credentials", "usr/lib", "usr/share/onecard-kiosk/operator"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "state/etc/profile.toml").write_text("theirs")
    (tmp_path / "state/etc/fleet-ca.pem").write_text("theirs")
    epoch = tmp_path / "usr/lib/clock-epoch"
    epoch.touch()
    os.utime(epoch, (1_700_000_000, 1_700_000_000))
    return tmp_path


def test_an_enrolled_image_reads_nothing_that_lies_where_profiles_are_looked_for(machine: Path) -> None:
    """C24"""
    (machine / "usr/share/onecard-kiosk/operator/enrolment.toml").touch()
    told = seen(
        machine, f"ls -A {machine}/etc/onecard-kiosk", f"findmnt -no FSTYPE,OPTIONS {machine}/etc/onecard-kiosk"
    )
    assert told.split()[0] == "tmpfs" and told.split()[1].startswith("rw,nosuid,nodev,noexec"), told


def test_a_dev_image_that_nobody_enrols_keeps_its_profile(machine: Path) -> None:
    assert seen(machine, f"cat {machine}/etc/onecard-kiosk/profile.toml") == "theirs"


def test_a_folder_that_leads_somewhere_else_is_made_anew(machine: Path) -> None:
    (machine / "state/site").symlink_to("/etc")
    assert seen(machine, f"ls -A {machine}/var/lib/onecard-site") == ""


@pytest.mark.parametrize(
    ("last", "wanted"), [(None, 1_700_000_000), (1, 1_700_000_000), (1_800_000_000, 1_800_000_000)]
)
def test_time_begins_where_it_was_last_known_and_never_before_the_image(
    machine: Path, last: int | None, wanted: int
) -> None:
    """Without a battery certificates would otherwise be too early."""
    clock = machine / "state/clock/clock"
    if last is not None:
        clock.parent.mkdir()
        clock.touch()
        os.utime(clock, (last, last))
    assert seen(machine, f"stat -c %Y {machine}/var/lib/systemd/timesync/clock") == f"{wanted}\n"
