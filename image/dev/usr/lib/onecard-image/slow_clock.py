"""Dev: `kiosk NAME …` on a simulated processor, which needs a second for a picture: its clock goes slower by as much.

So the simulated person moves as slowly as they are looked at, and every limit holds as it is, in the seconds of the
terminal. `time.monotonic` and `time.sleep` are the only clocks by which these processes measure how long something
takes; what time of day it is stays true.
"""

import runpy
import sys
import time
from typing import Final

SLOWER: Final = 30.0

_monotonic, _sleep = time.monotonic, time.sleep
_began_s = _monotonic()


def _monotonic_slowly() -> float:
    return _began_s + (_monotonic() - _began_s) / SLOWER


def _sleep_slowly(seconds: float) -> None:
    _sleep(seconds * SLOWER)


time.monotonic, time.sleep = _monotonic_slowly, _sleep_slowly
sys.argv[0] = "kiosk"
runpy.run_module("kiosk", run_name="__main__", alter_sys=True)
