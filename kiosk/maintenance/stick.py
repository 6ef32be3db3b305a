"""A stick on which records leave the terminal: one new folder is written on it, and nothing else is touched or read.

The service manager mounts it while an export is under way (systemd/udev and the mount unit beside it), and this module
looks itself whether nothing on it can be run or be a device: noexec, nodev, nosuid (mount(8)). What is on a stranger's
stick is not even listed.
"""

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from kiosk.text import Text

MOUNTS: Final = Path("/proc/self/mountinfo")
_WANTED: Final = frozenset({"noexec", "nodev", "nosuid"})
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PULLED: Final = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESTALE, errno.EROFS})


class StickFault(Enum):
    """Why nothing, or not everything, is on it."""

    NONE = "none"
    UNSAFE = "unsafe"
    FULL = "full"
    PULLED = "pulled"
    THERE_ALREADY = "there-already"


SAYS: Final = {
    StickFault.NONE: (
        Text("没有 U 盘", "there is no stick"),
        Text("插入 FAT 或 exFAT 格式的 U 盘", "plug one in, formatted as FAT or exFAT"),
    ),
    StickFault.UNSAFE: (
        Text("U 盘没有以 noexec、nodev、nosuid 挂载", "the stick is not mounted noexec, nodev, nosuid"),
        Text("按 systemd/ 中的单元挂载", "mount it by the unit in systemd/"),
    ),
    StickFault.FULL: (
        Text("U 盘已满，没有写完", "the stick is full: not everything is on it"),
        Text("换一个更大的 U 盘再试", "try again with a larger one"),
    ),
    StickFault.PULLED: (
        Text("U 盘被拔出，没有写完", "the stick was pulled out: not everything is on it"),
        Text("重新插入，再试一次", "plug it in and try again"),
    ),
    StickFault.THERE_ALREADY: (
        Text("U 盘上已有同名文件夹", "a folder of this name is on the stick already"),
        Text("稍后再试", "try again in a moment"),
    ),
}


class StickError(Exception):
    """What is wrong with the stick."""

    def __init__(self, fault: StickFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def is_there(at: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a stick is mounted there. Raises StickError when it is, but not safely."""
    wanted = os.fspath(at)
    found = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
    options = [set(words[5].split(",")) for words in found if words[4] == wanted]
    if options and not options[-1] >= _WANTED:
        raise StickError(StickFault.UNSAFE)
    return bool(options)


async def apart(work: Callable[[], None]) -> None:
    """In a thread of its own: one that hangs is not missing among those that the rest of the desk works with
    (asyncio.to_thread has six on two processors), and neither a loop nor a process waits for it at its end."""
    done: Future[None] = Future()
    done.set_running_or_notify_cancel()  # who stops waiting does not stop it

    def run() -> None:
        try:
            work()
        except Exception as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=run, name="stick", daemon=True).start()
    await asyncio.wrap_future(done)


class NewFolder:
    """A folder on the stick that was not there before. A stick may let everybody wait who touches it: what is done here
    is done in threads (`apart`), one after the other, and `leave` waits for none of them."""

    def __init__(self, at: Path, name: str) -> None:
        self._at = at
        self._name = name
        self._turn = threading.Lock()
        self._left = False
        self._open: list[int] = []

    def begin(self) -> None:
        """Makes it, on the stick that is mounted there. Raises StickError, as all here do."""
        with self._in_turn():
            stick = os.open(self._at, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            self._open.append(stick)
            os.mkdir(self._name, 0o700, dir_fd=stick)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            self._open.append(os.open(self._name, flags, dir_fd=stick))

    def write(self, name: str, content: bytes) -> None:
        """A new file, whole and on the stick when this returns; on a fault nothing of it is left."""
        with self._in_turn():
            directory = self._open[-1]
            file = os.open(name, _NEW, 0o600, dir_fd=directory)
            try:
                with os.fdopen(file, "wb", buffering=0) as out:
                    left = memoryview(content)
                    while left:
                        left = left[out.write(left) :]
                    os.fsync(out.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=directory)
                raise

    def settle(self) -> None:
        """Its names are on the stick when this returns."""
        with self._in_turn():
            for directory in reversed(self._open):
                os.fsync(directory)

    def leave(self) -> None:
        """Nothing more is written; it is let go of at once, or when what is under way has come to its end."""
        self._left = True
        if self._turn.acquire(blocking=False):
            self._close()
        else:
            threading.Thread(target=self._close_in_turn, name="stick", daemon=True).start()

    def _close_in_turn(self) -> None:
        self._turn.acquire()
        self._close()

    def _close(self) -> None:
        while self._open:
            os.close(self._open.pop())
        self._turn.release()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._turn, _named():
            if self._left:
                raise StickError(StickFault.PULLED)
            yield


@contextmanager
def _named() -> Iterator[None]:
    """Errors of the file system by our names; any other is a bug."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StickError(StickFault.FULL) from None
        if error.errno == errno.EEXIST:
            raise StickError(StickFault.THERE_ALREADY) from None
        if error.errno in _PULLED:
            raise StickError(StickFault.PULLED) from None
        raise
