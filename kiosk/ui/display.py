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
    """All of the X display; with a frame `size`, scaled down to what the display has room for. Without X `size`."""
    display = _x_display()
    if display is None:
        return size
    if not windowed:
        return display
    scale = min(1.0, *(_ROOM_FOR_A_FRAME * room / wanted for room, wanted in zip(display, size, strict=True)))
    width = int(size[0] * scale)
    return (width, round(width * size[1] / size[0]))


def wait_for_panel(drm: Path = DRM, nodes: Path = Path("/dev/dri")) -> None:
    """Until one may be there and may be drawn on: the kernel may still load its driver, and udev give it to our group
    afterwards."""
    told = False
    while not any(os.access(nodes / card, os.R_OK | os.W_OK) for card in _with_panel(drm)):
        if not told:
            log.info("no panel yet")
            told = True
        time.sleep(LOOKS_EVERY_S)


def _with_panel(drm: Path) -> list[str]:
    """The cards with a panel, "card0". Some drivers know of theirs only when it is drawn on."""
    return [
        path.name.split("-")[0]
        for path in sorted(drm.glob("card*-*"))
        if (path / "status").read_text().strip() in ("connected", "unknown")
    ]


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
