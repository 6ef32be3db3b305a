"""Which line a ticket printer is on: escpos:///dev/ttyUSB1, escpos+tcp://HOST:9100 or escpos+usb://04b8:0e15."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from escpos.escpos import Escpos
from escpos.printer import Network, Serial, Usb

BAUD: Final = 115200
TCP_PORT: Final = 9100
CONNECT_WITHIN_S: Final = 2
_ADVICE: Final = "escpos:///dev/ttyUSB1, escpos+tcp://HOST:9100 or escpos+usb://VENDOR:PRODUCT"


def line(uri: str) -> Callable[[], Escpos]:
    """How to open it; nothing is opened yet. Raises ValueError with what to write instead."""
    parts = urlsplit(uri)
    if parts.scheme == "escpos" and parts.path:
        return lambda: Serial(parts.path, baudrate=BAUD, timeout=CONNECT_WITHIN_S, dsrdtr=False)
    if parts.scheme == "escpos+tcp" and parts.hostname:
        host, port = parts.hostname, parts.port or TCP_PORT
        return lambda: Network(host, port=port, timeout=CONNECT_WITHIN_S)
    if parts.scheme == "escpos+usb":
        vendor, _, product = parts.netloc.partition(":")
        try:
            numbers = int(vendor, 16), int(product, 16)
        except ValueError:
            raise ValueError(f"{uri}: {_ADVICE}") from None
        return lambda: Usb(*numbers)
    raise ValueError(f"{uri}: {_ADVICE}")
