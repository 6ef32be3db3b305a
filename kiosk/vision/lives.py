"""One life after the other: a light parent that has imported everything and does nothing, and the process that sees.

The child has the camera, the models and the socket. It gives a sign of life after each picture; when none comes for
`HANGS_S`, or the child dies, the parent kills what is left and forks again. To import takes a second and more, to fork
nothing: so a citizen looks at a still picture for less than two seconds, and the check begins anew.

The parent forks before anything starts a thread of its own or opens a device. Its own end ends the child
(PR_SET_PDEATHSIG, prctl(2)); the supervisor watches the parent, which vouches for the child.
"""

import ctypes
import logging
import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

from systemd import daemon

HANGS_S: Final = 1.0
"""The longest silence while pictures are looked at; a picture takes some milliseconds, an embedding has its thread."""
WAITS_S: Final = 10.0
"""The longest silence while something else is waited for that has an end of its own: models, a portrait's decoder."""
VOUCHES_S: Final = 1.0
BRIEF_S: Final = 1.0
FALLS_MOST: Final = 3
"""Lives in a row that ended within `BRIEF_S`: then it is for the supervisor to wait before the next."""

_BEAT: Final = b"."
_WAIT: Final = b"w"
_READY: Final = b"r"
_PR_SET_PDEATHSIG: Final = 1

_log = logging.getLogger(__name__)


class Pulse:
    """The child's signs of life."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.wait()

    @property
    def period_s(self) -> float:
        """How often to beat when there is nothing to do."""
        return HANGS_S / 3

    def ready(self) -> None:
        """It can serve now."""
        os.write(self._descriptor, _READY)

    def beat(self) -> None:
        """It turns; the next sign comes within `HANGS_S`."""
        os.write(self._descriptor, _BEAT)

    def wait(self) -> None:
        """It waits for something now; the next sign comes within `WAITS_S`."""
        os.write(self._descriptor, _WAIT)


def lived(life: Callable[[Pulse], int]) -> int:
    """Runs `life` in a child, and again when it hangs or dies, until it returns by itself: its exit code.

    SIGTERM ends the child in order, and this with 0.
    """
    parent = _Parent()
    signal.signal(signal.SIGTERM, parent.end)
    falls = 0
    while True:
        began_s = time.monotonic()
        code = parent.watch(life)
        if code is not None:
            return code
        falls = falls + 1 if time.monotonic() - began_s < BRIEF_S else 0
        if falls == FALLS_MOST:
            return 1


class _Parent:
    def __init__(self) -> None:
        self._child = 0
        self._ending = False
        self._said_ready = False
        self._vouched_s = 0.0

    def end(self, number: int, stack: FrameType | None) -> None:
        self._ending = True
        if self._child:
            os.kill(self._child, signal.SIGTERM)

    def watch(self, life: Callable[[Pulse], int]) -> int | None:
        """One life. Its exit code if it ended by itself, None if it is to be followed by another."""
        if self._ending:
            return 0
        hears, beats = os.pipe2(os.O_CLOEXEC)
        self._child = os.fork()
        if not self._child:
            os.close(hears)
            _live(life, beats)
        os.close(beats)
        try:
            self._listen(hears)
        finally:
            os.close(hears)
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        if self._ending:
            return 0
        if os.WIFEXITED(status):
            return os.WEXITSTATUS(status)
        _log.error("the eyes died of signal %s and open again", os.WTERMSIG(status))
        return None

    def _listen(self, hears: int) -> None:
        """Until the child is gone, by itself or because it was silent for too long."""
        patience_s, heard_s = WAITS_S, time.monotonic()
        poll = select.poll()
        poll.register(hears, select.POLLIN)
        while True:
            left_s = patience_s - (time.monotonic() - heard_s)
            if left_s <= 0:
                _log.error("no sign of life for %s s: killed", patience_s)
                os.kill(self._child, signal.SIGKILL)
                return
            self._vouch()
            if not poll.poll(min(left_s, VOUCHES_S) * 1000):
                continue
            heard_s = time.monotonic()
            said = os.read(hears, 4096)
            if not said:
                return  # the pipe closes with the process
            patience_s = WAITS_S if said.endswith(_WAIT) else HANGS_S
            if _READY in said and not self._said_ready:
                self._said_ready = True
                daemon.notify("READY=1")

    def _vouch(self) -> None:
        """To the supervisor, once there is something to vouch for."""
        now_s = time.monotonic()
        if self._said_ready and "WATCHDOG_USEC" in os.environ and now_s - self._vouched_s >= VOUCHES_S:
            self._vouched_s = now_s
            daemon.notify("WATCHDOG=1")


def _live(life: Callable[[Pulse], int], beats: int) -> NoReturn:
    """In the child: dies with its parent, ends without what belongs to the parent."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, _leave)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        code = life(Pulse(beats))
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 0
    except BaseException:
        _log.exception("the vision process failed")
        os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(code)


def _leave(number: int, stack: FrameType | None) -> None:
    raise SystemExit(0)
