"""Memory that nobody needs any more is overwritten, and goes back to the kernel.

A process that lives for weeks and holds the picture of a certificate now and then must be no larger after a thousand of
them, and nothing of one citizen should lie about while the next one is served. By itself it would, in three ways.

- What is freed keeps what was in it until somebody else writes there: the text of a card lay in the heap for a day. And
  of blocks up to 1 KiB each thread sets some aside for itself before they count as freed (tcache).
- glibc raises the size from which a block is a mapping of its own (mallopt(3), M_MMAP_THRESHOLD) to that of the largest
  block that was ever freed: after the first picture all pictures and PDFs are cut from the heap, what is small comes to
  lie between them, and the heap keeps the holes.
- Python looks for what refers to itself in circles (an exception and the frame that caught it) when so much is new that
  it is worth to look at everything, which is not when a citizen leaves.

Python's own small objects (up to 512 bytes: a name, a number) are not glibc's. They are not overwritten when they are
freed, but by the next ones of their size: by the next citizen's at the latest.
"""

import ctypes
import gc
import logging
from typing import Final

log = logging.getLogger(__name__)

LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold before it has seen a larger block. A page of paper as pixels is 25 times as large."""
ENVIRONMENT: Final = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
"""Of a process that is to leave nothing behind: what can only be said before it starts."""
_M_MMAP_THRESHOLD: Final = -3
_M_PERTURB: Final = -6
_M_ARENA_MAX: Final = -8
_OPTIONS: Final = {_M_MMAP_THRESHOLD: LARGE_BYTES, _M_PERTURB: 0xA5, _M_ARENA_MAX: 1}


def leave_nothing_behind() -> None:
    """From now on whatever is freed is overwritten, and a block of `LARGE_BYTES` or more goes back to the kernel at
    once; all threads share one heap. For a process that holds something large now and then: vision and ui, whose daily
    bread are pictures, would be busy with it (a page with one takes a third longer to paint). Call it before the first
    thread."""
    libc = ctypes.CDLL(None)
    for option, value in _OPTIONS.items():
        if not libc.mallopt(option, value):
            log.warning("the C library does not take its memory option %s: what is freed may stay", option)


def keep_what_is_there() -> None:
    """Everything is loaded: it stays, and nobody looks at it again to see whether it is needed. So the look that comes
    after each citizen takes less than a millisecond, and no other one stops the desk for a tenth of a second."""
    gc.collect()
    gc.freeze()


def return_what_is_free() -> None:
    """What only refers to itself, and every page of the heap on which nothing is needed any more (malloc_trim(3))."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
