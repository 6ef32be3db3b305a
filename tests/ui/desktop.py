"""What a window manager does to a window, for displays that have none."""

import ctypes
import os
import subprocess
from typing import Final

_CLIENT_MESSAGE: Final = 33


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent of Xlib with 32-bit data."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("room", ctypes.c_long * 12),  # an XEvent is as large as 24 long
    )


def find(x_display: str, pid: int) -> int:
    """The window of a process."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--pid", str(pid)],
        env={**os.environ, "DISPLAY": x_display},
        capture_output=True,
        check=True,
    )
    return int(found.stdout.split()[0])


def close(x_display: str, window: int) -> None:
    """A click on its close button: WM_DELETE_WINDOW (ICCCM 4.2.8.1)."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(x_display.encode()))
    protocols, delete = (x11.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    event = _ClientMessage(type=_CLIENT_MESSAGE, window=window, message_type=protocols, format=32)
    event.data[0] = delete
    x11.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    x11.XCloseDisplay(display)
