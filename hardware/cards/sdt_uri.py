"""Where an SDT reader is, as a profile names it.

sdt:///dev/card-reader              a serial port at 115200 baud
sdt:///dev/card-reader?baud=9600    at the rate the reader was set to
sdt+usb://                          the official USB reader, 0400:c35a
sdt+usb://0400:c35a?at=1-2.3        the one in this plug: bus 1, port 2, port 3 of the hub there
"""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from hardware.cards.serial_transport import BAUDS, SerialLine
from hardware.cards.transport import Line
from hardware.cards.usb_transport import UsbLine

SCHEMES: Final = frozenset({"sdt", "sdt+usb"})
_DEVICE: Final = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
_PLUG: Final = re.compile(r"\d+-\d+(\.\d+)*")


def line(uri: str) -> Line:
    """The line that a URI names; nothing is opened. Raises ValueError with what is wrong and what may stand there."""
    parts = urlsplit(uri)
    if parts.scheme == "sdt":
        return _serial(uri, parts)
    if parts.scheme == "sdt+usb":
        return _usb(uri, parts)
    raise ValueError(f"{uri}: sdt:///dev/… or sdt+usb://")


def _serial(uri: str, parts: SplitResult) -> SerialLine:
    if parts.netloc or len(parts.path) < 2:
        raise ValueError(f"{uri}: three slashes and the path of a port, like sdt:///dev/ttyUSB0")
    baud = _option(uri, parts, "baud")
    if baud is None:
        return SerialLine(parts.path)
    if baud not in map(str, BAUDS):
        raise ValueError(f"{uri}: baud is one of {', '.join(map(str, BAUDS))}")
    return SerialLine(parts.path, int(baud))


def _usb(uri: str, parts: SplitResult) -> UsbLine:
    if parts.path not in ("", "/"):
        raise ValueError(f"{uri}: a USB reader has no path; a plug is named by ?at=1-2.3")
    plug = _option(uri, parts, "at")
    if plug is not None and not _PLUG.fullmatch(plug):
        raise ValueError(f"{uri}: a plug is BUS-PORT or BUS-PORT.PORT, like ?at=1-2.3")
    if not parts.netloc:
        return UsbLine(plug=plug)
    device = _DEVICE.fullmatch(parts.netloc)
    if device is None:
        raise ValueError(f"{uri}: a USB reader is VENDOR:PRODUCT, four hexadecimal digits each, like 0400:c35a")
    return UsbLine(int(device[1], 16), int(device[2], 16), plug)


def _option(uri: str, parts: SplitResult, name: str) -> str | None:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - {name}):
        raise ValueError(f"{uri}: unknown option {unknown[0]}; here only {name}=")
    return options.get(name)
