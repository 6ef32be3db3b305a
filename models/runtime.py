"""onnxruntime, told to keep to itself.

From version 1.32 on its builds for Linux send events to their maker and keep a device id in the home folder, unless
this variable is set before it is imported (seen: two files under ~/.cache/Microsoft after one session was made). What
runs here sees faces: it reports to nobody.
"""

import os
from typing import Any

OFF = "ORT_DISABLE_TELEMETRY"


def onnxruntime() -> Any:
    """The module. It takes 0.1 s to import, so only who runs a network asks for it."""
    os.environ[OFF] = "1"
    import onnxruntime

    return onnxruntime
