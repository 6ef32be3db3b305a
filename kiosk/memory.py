"""Memory that nobody needs any more goes back to the kernel, which clears it before anybody else gets it.

A process that lives for weeks and holds the picture of a certificate now and then must be no larger after a thousand of
them, and nothing of one citizen should lie about while the next one is served. By itself it would, twice. glibc raises
the size from which a block is a mapping of its own (mallopt(3), M_MMAP_THRESHOLD) to that of the largest block that was
ever freed: after the first picture all pictures and PDFs are cut from the heap, what is small comes to lie between
them, and the heap keeps the holes. And Python looks for what refers to itself in circles (an exception and the frame
that caught it) when so much is new that it is worth to look at everything, which is not when a citizen leaves.
"""

import ctypes
import gc
import logging
from typing import Final

log = logging.getLogger(__name__)

LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold before it has seen a larger block. A page of paper as pixels is 25 times as large."""
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def return_what_is_large() -> None:
    """From now on a block of `LARGE_BYTES` or more is a mapping of its own, which ends when it is freed; and all
    threads share one heap. For a process that holds something large now and then: vision and ui, whose daily bread are
    pictures, would be busy with mappings (a page with one takes a third longer to paint). Call it before the first
    thread."""
    libc = ctypes.CDLL(None)
    for option, value in ((_M_MMAP_THRESHOLD, LARGE_BYTES), (_M_ARENA_MAX, 1)):
        if not libc.mallopt(option, value):
            log.warning("the C library does not know its memory option %s: this process may grow", option)


def keep_what_is_there() -> None:
    """Everything is loaded: it stays, and nobody looks at it again to see whether it is needed. So the look that comes
    after each citizen takes less than a millisecond, and no other one stops the desk for a tenth of a second."""
    gc.collect()
    gc.freeze()


def return_what_is_free() -> None:
    """What only refers to itself, and every page of the heap on which nothing is needed any more (malloc_trim(3))."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
