"""A folder of people: `PERSON/picture.jpg`, or `GROUP/PERSON/picture.jpg` where rates are wanted by group.

The name of a folder is all that says who somebody is. It goes into no report.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.landmarks import Picture

ENDINGS: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_FORMATS: Final = ("JPEG", "PNG", "WEBP")


class NoSet(Exception):
    """The folder is not laid out as one of people, or holds too few of them; the text says what is wrong."""


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """`group` is empty in a folder without groups."""

    group: str
    files: tuple[Path, ...]


def people(folder: Path) -> list[Person]:
    """Everybody in it, in the order of their names. Raises NoSet."""
    if not folder.is_dir():
        raise NoSet(f"{folder} is no folder")
    found = list(_level("", folder))
    grouped = [Person(each.name, person.files) for each in _folders(folder) for person in _level(each.name, each)]
    if found and grouped:
        raise NoSet(f"{folder}: some folders hold pictures and some hold folders; PERSON/… or GROUP/PERSON/…, not both")
    persons = found or grouped
    if len(persons) < 2:
        raise NoSet(f"{folder}: PERSON/picture.jpg or GROUP/PERSON/picture.jpg of at least two people is expected")
    return persons


def read(path: Path) -> Picture | None:
    """RGB, upright; None if it is no picture."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
        return None


def _level(group: str, folder: Path) -> Iterator[Person]:
    for each in _folders(folder):
        files = tuple(sorted(file for file in each.iterdir() if file.suffix.lower() in ENDINGS and file.is_file()))
        if files:
            yield Person(group, files)


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
