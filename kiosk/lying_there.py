"""A file in a folder where somebody else writes: what is no plain file is not waited for, what is a link not followed,
and what is endless not read."""

import errno
import os
import stat
from pathlib import Path


def read(file: Path, bytes_most: int) -> bytes:
    """Its beginning, one byte more than `bytes_most` if it is longer. Raises OSError."""
    with open(file, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "no plain file", str(file))
        return opened.read(bytes_most + 1)
