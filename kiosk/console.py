"""Takes screen and keyboard away from the kernel's text consoles, for good (ioctl_console(2), linux/vt.h).

The screen belongs to one program, through KMS. What is left of the consoles is a keyboard handler that switches between
them (Ctrl-Alt-F2), restarts (Ctrl-Alt-Del) or shows a text: whoever plugs a keyboard in finds that it does nothing.
`python3 -m kiosk.console`, once at every start, with CAP_SYS_TTY_CONFIG.
"""

import fcntl
import os
from typing import Final

FIRST: Final = "/dev/tty1"
_KDSETMODE, _KD_GRAPHICS = 0x4B3A, 1
_KDSKBMODE, _K_OFF = 0x4B45, 4
_VT_LOCKSWITCH: Final = 0x560B


def lock(path: str = FIRST) -> None:
    """The first console draws and hears nothing, and no other one can be reached. Raises OSError."""
    console = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(console, _KDSETMODE, _KD_GRAPHICS)
        fcntl.ioctl(console, _KDSKBMODE, _K_OFF)
        fcntl.ioctl(console, _VT_LOCKSWITCH, 1)
    finally:
        os.close(console)


if __name__ == "__main__":
    lock()
