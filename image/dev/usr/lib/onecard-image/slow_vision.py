"""Dev: `kiosk vision` on a simulated processor, which needs a second for a picture: its clock goes slower by as much.

So the simulated person moves as slowly as they are looked at, and all limits of a check hold as they are. These two
functions are the only clocks of the process that anything is measured by.
"""

import runpy
import sys
import time
from typing import Final

SLOWER: Final = 20.0

_monotonic, _sleep = time.monotonic, time.sleep
_began_s = _monotonic()


def _monotonic_slowly() -> float:
    return _began_s + (_monotonic() - _began_s) / SLOWER


def _sleep_slowly(seconds: float) -> None:
    _sleep(seconds * SLOWER)


time.monotonic, time.sleep = _monotonic_slowly, _sleep_slowly
sys.argv[0] = "kiosk"
runpy.run_module("kiosk", run_name="__main__", alter_sys=True)
