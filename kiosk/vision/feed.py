"""The camera's thread: while a check runs it fills the preview and keeps the newest picture at hand.

It reads at the camera's pace, so that the preview is smooth even when the models are slower; the check takes what is
newest and skips the rest. The camera is in use (its lamp is on) only between `start` and `stop`. One that is pulled out
is `away`, and tried again and again: for `GIVE_UP_S`, or `NEVER_CAME_S` if it gave no picture yet, before it is lost.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from hardware.cameras.port import Camera, CameraLost, Frame
from kiosk.preview import PreviewRing

GIVE_UP_S: Final = 15.0
"""A person needs some seconds to put a plug back."""
NEVER_CAME_S: Final = 4.0
_AGAIN_S: Final = 0.3

_log = logging.getLogger(__name__)


class Feed:
    """Pictures of one camera. `ready` is a file descriptor that becomes readable when there is something to `take`."""

    def __init__(self, camera: Camera, preview: PreviewRing) -> None:
        self._camera = camera
        self._preview = preview
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._lost = False
        self._away = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.ready = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def start(self) -> None:
        """Pictures from now on, on the preview, too."""
        self._begin(self._shown, 0.0)

    def start_unseen(self, every_s: float) -> None:
        """A picture now and then, and none of them on the preview."""
        self._begin(lambda frame: None, every_s)

    def _begin(self, show: Callable[[Frame], None], every_s: float) -> None:
        self.stop()
        self._stop = threading.Event()
        self._lost = self._away = False
        words = (self._stop, show, every_s)
        self._thread = threading.Thread(target=self._run, args=words, name="camera", daemon=True)
        self._thread.start()

    def take(self) -> Frame | None:
        """The newest picture, once; None if there is no newer one. Raises CameraLost when there will be none."""
        with self._lock:
            frame, self._newest = self._newest, None
            self._drain()
            if frame is None and self._lost:
                raise CameraLost("no picture from the camera")
            return frame

    @property
    def away(self) -> bool:
        """The camera gave pictures and gives none now."""
        with self._lock:
            return self._away

    def stop(self) -> None:
        """Turns the camera off and leaves nothing of what it saw, neither here nor on the screen."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            if self._newest is not None:
                self._newest.rgb.fill(0)
            self._newest = None
            self._drain()
        self._preview.clear()

    def _run(self, stop: threading.Event, show: Callable[[Frame], None], every_s: float) -> None:
        try:
            self._read_until(stop, show, every_s)
        except Exception:
            # A driver's surprise must not leave a citizen waiting in front of a dead camera.
            _log.exception("the camera failed")
            self._offer(None)
        finally:
            self._camera.close()

    def _read_until(self, stop: threading.Event, show: Callable[[Frame], None], every_s: float) -> None:
        last_s, patience_s = time.monotonic(), NEVER_CAME_S
        is_open = False
        while not stop.is_set():
            try:
                if not is_open:
                    self._camera.open()
                    is_open = True
                frame = self._camera.read()
            except CameraLost:
                is_open = False
                if time.monotonic() - last_s > patience_s:
                    self._offer(None)
                    return
                if patience_s == GIVE_UP_S:
                    self._mark_away(away=True)
                stop.wait(_AGAIN_S)
                continue
            self._mark_away(away=False)
            last_s, patience_s = frame.time_s, GIVE_UP_S
            show(frame)
            self._offer(frame)
            if every_s:
                stop.wait(every_s)

    def _shown(self, frame: Frame) -> None:
        self._preview.write(frame.rgb.data.cast("B"))

    def _offer(self, frame: Frame | None) -> None:
        with self._lock:
            if self._newest is not None:
                self._newest.rgb.fill(0)  # nobody took it
            self._newest, self._lost = frame, frame is None
            os.eventfd_write(self.ready, 1)

    def _mark_away(self, *, away: bool) -> None:
        with self._lock:
            if away is not self._away:
                _log.warning("the camera is away") if away else _log.info("the camera is back")
                self._away = away
                os.eventfd_write(self.ready, 1)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.ready)
