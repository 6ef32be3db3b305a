"""Looks for what must not be there: words of a citizen in a disk, byte by byte, in the encodings that this house uses.

The state is encrypted, so it is searched from inside (`in_the_guest`), and everything else from outside (`traces`).
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
_CHUNK = 1 << 24


def traces(image: Path, words: Iterable[str]) -> list[str]:
    """Each word that the file holds, with where it first lies. Holes are not read."""
    wanted = {(word, encoding): word.encode(encoding) for word in words for encoding in _ENCODINGS}
    found: dict[str, str] = {}
    for at, chunk in _data(image, overlap=max(map(len, wanted.values()))):
        for (word, encoding), needle in wanted.items():
            if word not in found and (place := chunk.find(needle)) >= 0:
                found[word] = f"{word} ({encoding}) at {at + place}"
    return sorted(found.values())


def _data(image: Path, overlap: int) -> Iterator[tuple[int, bytes]]:
    with image.open("rb") as file:
        at, size = 0, image.stat().st_size
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            yield at, os.pread(file.fileno(), _CHUNK + overlap, at)
            at += _CHUNK


def in_the_guest(words: Iterable[str], device: str = "/dev/mapper/state") -> str:
    """A command for the probe that prints how many of the words a device of the guest holds, and which."""
    needles = json.dumps([word.encode(encoding).hex() for word in words for encoding in _ENCODINGS])
    return f"""python3 -c '
import sys
found, tail = set(), b""
with open("{device}", "rb") as file:
    while chunk := file.read(1 << 22):
        for needle in map(bytes.fromhex, {needles}):
            if needle in tail + chunk:
                found.add(needle.hex())
        tail = chunk[-256:]
print(len(found), sorted(found))
'"""
