"""What the panel shows from the boot loader until the first page: a ring, on black, the same whichever way it is hung.

systemd-stub draws it from the kernel's own signed file (section `.splash`, a Windows bitmap); nothing draws over it
until the driver of the graphics chip comes.
"""

import math
import struct

SIZE_PX = 256
_RADIUS, _HALF_WIDTH = 88.0, 9.0
_COLOUR = (0xA8, 0x57, 0x0B)  # blue, green, red: that of the pages' header


def bitmap() -> bytes:
    """24 bits per pixel, rows from the bottom (BITMAPINFOHEADER); a row of this size needs no padding."""
    middle = (SIZE_PX - 1) / 2
    rows = bytearray()
    for y in range(SIZE_PX):
        for x in range(SIZE_PX):
            distance = abs(math.hypot(x - middle, y - middle) - _RADIUS)
            share = min(1.0, max(0.0, _HALF_WIDTH - distance + 0.5))
            rows += bytes(round(part * share) for part in _COLOUR)
    start = 14 + 40
    file = struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start)
    return file + struct.pack("<IiiHHIIiiII", 40, SIZE_PX, SIZE_PX, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + bytes(rows)
