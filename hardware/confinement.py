"""What a process gives up before it reads a stranger's bytes: the network, files, core dumps, most memory.

setrlimit(2), unshare(2), prctl(2). On the appliance the systemd unit takes away the rest (file system, system calls,
devices); these here hold in the demo as well. A limit that is hit ends the process; whoever started it goes on.
"""

import ctypes
import logging
import os
import resource
from typing import Final

log = logging.getLogger(__name__)

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def confine(*, memory_bytes: int, open_files: int) -> None:
    """Gives everything up. No way back. Call it after the imports and before the first stranger's byte."""
    _leave_network()
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Not dumpable: no core, and no other process of this user reads this memory.
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, open_files),
    ):
        resource.setrlimit(limit, (value, value))


def allow_cpu(seconds: int) -> None:
    """Limits processor time to what is used so far plus this; beyond it, SIGXCPU ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit_s = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, resource.RLIM_INFINITY))


def _leave_network() -> None:
    """An empty network namespace. Unix sockets with a path still work: they belong to the file system."""
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    if _libc().unshare(flags) != 0:
        error = os.strerror(ctypes.get_errno())
        log.warning("the kernel refused an empty network namespace (%s): the unit must take the network away", error)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
