"""What is large leaves a process with its last user, and a citizen's circles with the citizen."""

import subprocess
import sys

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
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def test_pictures_leave_no_holes() -> None:
    """C20: by itself the C library keeps most of them once it has seen one; the floor shows that the test can fail."""
    assert said(HOLDS.format(first="")) > 16 * 1024
    assert said(HOLDS.format(first="memory.return_what_is_large()")) < 1024


def test_what_only_refers_to_itself_goes_when_a_citizen_leaves() -> None:
    """C20: not some time later, when Python looks by itself."""
    assert said(CIRCLE) == 1
