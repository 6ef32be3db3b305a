"""What a citizen leaves in a process goes with them: what is large, what is freed, what only refers to itself."""

import os
import subprocess
import sys

import pytest

from kiosk.memory import ENVIRONMENT

HOLDS = """
import gc, resource
from pathlib import Path
from kiosk import memory

def held_kib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024

{first}
picture = bytearray(4 << 20)  # glibc has now seen a large block
del picture
before = held_kib()
pictures, words = [], []
for _ in range(8):
    pictures.append(bytearray(4 << 20))
    words.append(bytearray(2048))
del pictures
print(held_kib() - before)
"""
REMAINS = """
import ctypes
from kiosk import memory

{first}
card = bytearray(b"secret" * {times})
beside = bytearray(4096)  # so that it is not the end of the heap
address = ctypes.addressof(ctypes.c_char.from_buffer(card))
del card
print(ctypes.string_at(address, {times} * 6).count(b"secret"))
"""
CIRCLE = """
import gc, weakref
from kiosk import memory

class Card:
    pass

memory.keep_what_is_there()
gc.disable()
card = Card()
card.itself = card
there = weakref.ref(card)
del card
assert there() is not None
memory.return_what_is_free()
print(int(there() is None))
"""


def said(program: str) -> int:
    environment = os.environ | ENVIRONMENT
    words = [sys.executable, "-c", program]
    return int(subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout)


def test_pictures_leave_no_holes() -> None:
    """C20: by itself the C library keeps most of them once it has seen one; the floor shows that the test can fail."""
    assert said(HOLDS.format(first="")) > 16 * 1024
    assert said(HOLDS.format(first="memory.leave_nothing_behind()")) < 1024


@pytest.mark.parametrize("times", [100, 160, 300, 3000], ids="{} times".format)
def test_what_is_freed_is_overwritten(times: int) -> None:
    """C20: by itself most of it stays where it was, whatever its size."""
    assert said(REMAINS.format(first="", times=times)) > times / 2
    assert said(REMAINS.format(first="memory.leave_nothing_behind()", times=times)) == 0


def test_what_only_refers_to_itself_goes_when_a_citizen_leaves() -> None:
    """C20: not some time later, when Python looks by itself."""
    assert said(CIRCLE) == 1
