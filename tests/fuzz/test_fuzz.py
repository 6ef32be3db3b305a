"""Every fuzz target runs for a bounded time: a crash, a hang, too much memory or an exception with no name fails."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
TARGETS = sorted(path.stem for path in FOLDER.glob("fuzz_*.py"))

SECONDS = 3
BOUNDS = ("-runs=20000", f"-max_total_time={SECONDS}", "-max_len=4096", "-timeout=5", "-rss_limit_mb=1024", "-seed=1")


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_breaks_it(target: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{target}", *BOUNDS, f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = run.stdout[-4000:] + run.stderr[-4000:]
    assert run.returncode == 0, told
    assert "Done " in run.stderr, told
