"""A small file that is wholly the old one or wholly the new one, also after a power cut."""

import os
from pathlib import Path


def replace(path: Path, data: bytes, mode: int | None = None) -> None:
    """Returns when the disk has it. `mode`: whoever else may read it, whatever the umask says. Raises OSError."""
    coming = path.with_name(f"{path.name}.new")
    with coming.open("wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    coming.rename(path)
    settle(path.parent)


def settle(folder: Path) -> None:
    """Makes names in it survive a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
