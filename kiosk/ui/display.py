"""How large the window is: all of the panel, or what a desktop has room for.

Every layout is made for a portrait panel and its lengths are millimetres, so a smaller window is the same page under
another number of dots per inch.
"""

import ctypes
import logging
import os
import time
from pathlib import Path
from typing import Final

from kiosk.ui.theme.tokens import PANEL_DPI, PANEL_HEIGHT_PX, PANEL_WIDTH_PX

Size = tuple[int, int]

DRM: Final = Path("/sys/class/drm")
"""The kernel's screens (Documentation/gpu/drm-uapi): one folder per connector."""

LOOKS_EVERY_S: Final = 0.05
log = logging.getLogger(__name__)

_ROOM_FOR_A_FRAME: Final = 0.9
"""What a title bar and a task bar leave of a desktop."""


def scale_of(size: Size) -> float:
    """The largest scale at which the whole panel fits `size`."""
    return min(size[0] / PANEL_WIDTH_PX, size[1] / PANEL_HEIGHT_PX)


def dots_per_inch(size: Size) -> float:
    return PANEL_DPI * scale_of(size)


def fitted(size: Size, windowed: bool) -> Size:
    """All of the X display, or of the panel without X. With a frame: `size`, scaled down to what the display has room
    for."""
    display = _x_display()
    if display is None:
        return panel_size() or size
    if not windowed:
        return display
    scale = min(1.0, *(_ROOM_FOR_A_FRAME * room / wanted for room, wanted in zip(display, size, strict=True)))
    width = int(size[0] * scale)
    return (width, round(width * size[1] / size[0]))


def panel_size(drm: Path = DRM) -> Size | None:
    """What the first panel that is plugged in prefers, which is the mode that SDL sets; None if there is none."""
    for connector in _plugged_in(drm, "connected"):
        modes = (connector / "modes").read_text().split()
        if modes:
            width, _, height = modes[0].rstrip("i").partition("x")
            return int(width), int(height)
    return None


def wait_for_panel(drm: Path = DRM, nodes: Path = Path("/dev/dri")) -> None:
    """Until one may be there and may be drawn on: the kernel may still load its driver, and udev give it to our group
    afterwards. Some drivers know of their panel only when it is drawn on."""
    told = False
    while not any(
        os.access(nodes / path.name.split("-")[0], os.R_OK | os.W_OK)
        for path in _plugged_in(drm, "connected", "unknown")
    ):
        if not told:
            log.info("no panel yet")
            told = True
        time.sleep(LOOKS_EVERY_S)


def _plugged_in(drm: Path, *status: str) -> list[Path]:
    """The connectors that have a panel."""
    return [path for path in sorted(drm.glob("card*-*")) if (path / "status").read_text().strip() in status]


def _x_display() -> Size | None:
    """The size of the X screen; None where there is no X (KMSDRM). SDL tells it only after the window exists."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return None
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    for function in (x11.XDisplayWidth, x11.XDisplayHeight):
        function.argtypes = [ctypes.c_void_p, ctypes.c_int]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(None)
    if not connection:
        return None
    size = (x11.XDisplayWidth(connection, 0), x11.XDisplayHeight(connection, 0))
    x11.XCloseDisplay(connection)
    return size
