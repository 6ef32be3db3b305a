"""How large the window is: the panel's size, or less if the display is smaller; and how the page stands on the panel.

Every layout is made for a portrait panel and its lengths are millimetres, so a smaller window is the same page under
another number of dots per inch.
"""

import ctypes
from pathlib import Path
from typing import Final, Literal

from kiosk.ui.theme.tokens import PANEL_DPI, PANEL_HEIGHT_PX, PANEL_WIDTH_PX

Size = tuple[int, int]
Rotation = Literal[0, 90, 180, 270]

DRM: Final = Path("/sys/class/drm")
"""The kernel's screens (Documentation/gpu/drm-uapi): one folder per connector."""

_ROOM_FOR_A_FRAME: Final = 0.9
"""What a title bar and a task bar leave of a desktop."""


def scale_of(size: Size) -> float:
    """The largest scale at which the whole panel fits `size`."""
    return min(size[0] / PANEL_WIDTH_PX, size[1] / PANEL_HEIGHT_PX)


def dots_per_inch(size: Size) -> float:
    return PANEL_DPI * scale_of(size)


def fitted(size: Size, windowed: bool, rotation: Rotation = 0) -> Size:
    """The size of the page: `size`, scaled down to the X display if that is smaller; without X, all of the panel."""
    display = _x_display()
    if display is None:
        panel = panel_size(DRM)
        return size if panel is None else turned(panel, rotation)
    display = turned(display, rotation)
    share = _ROOM_FOR_A_FRAME if windowed else 1.0
    scale = min(1.0, share * display[0] / size[0], share * display[1] / size[1])
    width = int(size[0] * scale)
    return (width, round(width * size[1] / size[0]))


def turned(size: Size, rotation: Rotation) -> Size:
    """From the panel's width and height to the page's, and back."""
    return size if rotation in (0, 180) else (size[1], size[0])


def panel_size(drm: Path) -> Size | None:
    """What the first panel that is plugged in prefers, which is the mode that SDL sets; None if there is none."""
    for connector in sorted(drm.glob("card*-*")):
        if (connector / "status").read_text().strip() == "connected":
            modes = (connector / "modes").read_text().split()
            if modes:
                width, _, height = modes[0].rstrip("i").partition("x")
                return int(width), int(height)
    return None


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
