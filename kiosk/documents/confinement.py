"""The limits of the document process; how they are laid upon it: hardware.confinement.

A limit that is hit ends the process, and its supervisor starts the next.
"""

from typing import Final

from hardware import confinement

MEMORY_BYTES: Final = 1 << 30
CPU_S_PER_REQUEST: Final = 10
OPEN_FILES: Final = 32


def confine() -> None:
    """Gives everything up. No way back. Call it after the imports and before the first stranger's byte."""
    confinement.confine(memory_bytes=MEMORY_BYTES, open_files=OPEN_FILES)


def allow_cpu_for_one_request() -> None:
    """Limits processor time to what is used so far plus one request's share; beyond it, SIGXCPU ends the process."""
    confinement.allow_cpu(CPU_S_PER_REQUEST)
