"""A read-only window for tests and for the demo's finger: what has been painted, as lines of JSON on a unix socket.

A new reader gets the current description at once, and every reader gets a line each time the description has changed
and a frame with it is on the glass. `frames` counts the frames painted so far, `built` the screens built; `window` is
where the window is on the display: left, top, width, height in pixels. The first line for a reader also has `beats_s`:
what passed between the last ticks of a timer of `beat_s`, which says how well the window keeps time. Nothing can be
said to the probe. It exists only when a path is given; the appliance gives none.
"""

import json
import socket
import threading
from collections import deque
from pathlib import Path
from typing import Any, Final

Snapshot = dict[str, Any]

BEAT_S: Final = 0.05
_BEATS: Final = 600


class Probe:
    """Listens at `path`, readable by this user only, until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._readers: list[socket.socket] = []
        self._last: Snapshot | None = None
        self._frames = 0
        self._beats_s: deque[float] = deque(maxlen=_BEATS)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        early = path.with_name(f"{path.name}.early")  # whoever sees the path may connect at once
        early.unlink(missing_ok=True)
        self._server.bind(str(early))
        early.chmod(0o600)
        self._server.listen()
        early.rename(path)
        threading.Thread(target=self._welcome, name="probe", daemon=True).start()

    def painted(self, frames: int, now: Snapshot | None) -> None:
        """The `frames`-th frame is on the glass and shows `now`, or no page yet; called in the drawing thread."""
        with self._guard:
            self._frames = frames
            if now is None or now == self._last:
                return
            self._last = now
            self._readers = [reader for reader in self._readers if self._tell(reader)]

    def beat(self, passed_s: float) -> None:
        """A tick of the window's timer, so long after the one before."""
        with self._guard:
            self._beats_s.append(passed_s)

    def close(self) -> None:
        self._server.close()
        self._path.unlink(missing_ok=True)

    def _welcome(self) -> None:
        while True:
            try:
                reader, _ = self._server.accept()
            except OSError:
                return
            reader.settimeout(1)  # a reader that does not read must not stop the screen
            with self._guard:
                if self._last is None or self._tell(reader, beat_s=BEAT_S, beats_s=list(self._beats_s)):
                    self._readers.append(reader)

    def _tell(self, reader: socket.socket, **more: Any) -> bool:
        line = json.dumps({**(self._last or {}), "frames": self._frames, **more}, ensure_ascii=False) + "\n"
        try:
            reader.sendall(line.encode())
        except OSError:
            reader.close()
            return False
        return True
