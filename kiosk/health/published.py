"""How the desk tells the other programs of its machine how it is: `run/health/state.json` on tmpfs.

```
run/health/state.json     the last report, replaced whole at every change
run/health/desk           locked for as long as the desk lives (fcntl(2), open file description locks)
```

The kernel takes the lock away from a desk that dies, so a report that was left behind is not believed. Who reads only
asks for the lock and never takes it. There is nothing of a citizen in it: how many sessions ended how, not whose.
"""

import fcntl
import logging
import os
import struct
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from kiosk.health.findings import Finding, State

log = logging.getLogger(__name__)

_READABLE: Final = 0o640
"""For the group of the folder (systemd/tmpfiles.d)."""
_LOCK: Final = "hhqqi4x"


class Report(Struct, frozen=True):
    """`since`: when this state began. `serving`: a citizen is being served. `sessions`: of this desk, by how they
    ended."""

    state: State
    since: datetime
    serving: bool
    findings: tuple[Finding, ...]
    sessions: dict[str, int]


class Publication:
    """The desk's end. Raises OSError when the folder is not there, or another desk publishes in it."""

    def __init__(self, folder: Path) -> None:
        self._report = folder / "state.json"
        self._alive = os.open(folder / "desk", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _READABLE)
        try:
            os.fchmod(self._alive, _READABLE)
            fcntl.fcntl(self._alive, fcntl.F_OFD_SETLK, struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        except OSError:
            os.close(self._alive)
            raise

    def write(self, report: Report) -> None:
        """Replaces the last one. A tmpfs that is full is for the log, not for the citizen."""
        coming = self._report.with_suffix(".new")
        try:
            with coming.open("wb") as file:
                os.fchmod(file.fileno(), _READABLE)
                file.write(msgspec.json.encode(report))
            coming.rename(self._report)
        except OSError as error:
            log.error("the terminal's state cannot be published: %s", error.strerror)

    def close(self) -> None:
        self._report.unlink(missing_ok=True)
        os.close(self._alive)


def read(folder: Path) -> Report | None:
    """What the desk of this folder says; None when none is running. Raises OSError when the folder may not be read."""
    if not _is_alive(folder / "desk"):
        return None
    try:
        return msgspec.json.decode((folder / "state.json").read_bytes(), type=Report)
    except FileNotFoundError:
        return None


def _is_alive(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        asked = struct.pack(_LOCK, fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
        held: int = struct.unpack(_LOCK, fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))[0]
        return held != fcntl.F_UNLCK
    finally:
        os.close(descriptor)
