"""A small file that is wholly the old one or wholly the new one, also after a power cut."""

import os
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Returns when the disk has it. Raises OSError."""
    coming = path.with_name(f"{path.name}.new")
    with coming.open("wb") as file:
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
