"""Which disk is the terminal's when there are two (`no-twin`): in place of lsblk(8) stands what it would say."""

import os
import subprocess
from pathlib import Path

import pytest

from image.flavour import IMAGE

PROGRAM = IMAGE / "root" / "usr/lib/onecard-image/no-twin"
OURS, OTHER = "0f2a52d8-0000-0000-0000-000000000001", "0f2a52d8-0000-0000-0000-000000000002"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([OURS, OTHER], ""),
        ([OURS, OTHER, OURS], "two disks carry this image"),
        ([], "is not known"),
    ],
    ids=["one", "a copy of it is plugged in", "none"],
)
def test_neither_of_two_copies_is_opened(there: list[str], said: str, tmp_path: Path) -> None:
    """Partitions have the image's numbers, so two copies of it cannot be told apart."""
    lsblk = tmp_path / "lsblk"
    all_of_them, esp = " ".join(there), there[0] if there else ""
    lsblk.write_text(
        f'#!/bin/sh\nfor n in $(case "$*" in *esp) echo {esp} ;; *) echo {all_of_them} ;; esac); do echo $n; done\n'
    )
    lsblk.chmod(0o755)
    done = subprocess.run(
        [PROGRAM], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0, said in done.stderr) == (not said, True)
