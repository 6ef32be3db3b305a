"""What other programs read of a desk that runs, and that they do not believe one that is dead."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.health.findings import State, ok, warn
from kiosk.health.published import Publication, Report, read

REPORT = Report(
    State.DEGRADED,
    datetime(2026, 11, 25, 8, 0, tzinfo=UTC),
    True,
    (ok("card reader", "ready"), warn("paper", "runs low", "bring some")),
    {"finished": 3},
)
_DESK = """
import sys, time, pathlib
from kiosk.health.published import Publication, Report
from kiosk.health.findings import State
from datetime import datetime, UTC
Publication(pathlib.Path(sys.argv[1])).write(Report(State.READY, datetime.now(UTC), False, (), {}))
print("here", flush=True)
time.sleep(60)
"""


def test_what_was_written_is_read_by_the_group_and_by_nobody_else(tmp_path: Path) -> None:
    publication = Publication(tmp_path)
    publication.write(REPORT)
    assert read(tmp_path) == REPORT
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "desk": 0o640,
        "state.json": 0o640,
    }
    publication.close()
    assert read(tmp_path) is None


def test_nobody_has_ever_been_here(tmp_path: Path) -> None:
    assert read(tmp_path) is None


def test_two_desks_do_not_publish_in_one_folder(tmp_path: Path) -> None:
    publication = Publication(tmp_path)
    with pytest.raises(OSError):
        Publication(tmp_path)
    publication.close()
    Publication(tmp_path).close()


def test_a_report_that_a_killed_desk_left_behind_is_not_believed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _DESK, tmp_path], stdout=subprocess.PIPE) as desk:
        assert desk.stdout is not None
        assert desk.stdout.readline() == b"here\n"
        report = read(tmp_path)
        assert report is not None
        assert report.state is State.READY
        desk.kill()
        desk.wait()
    assert (tmp_path / "state.json").exists()
    assert read(tmp_path) is None


def test_a_tmpfs_without_room_does_not_stop_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publication = Publication(tmp_path)
    publication.write(REPORT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    publication.write(REPORT)
    assert read(tmp_path) == REPORT
