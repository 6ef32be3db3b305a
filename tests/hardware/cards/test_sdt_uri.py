"""A profile names a reader by a URI; what cannot be one is refused with what may stand there."""

import pytest

from hardware.cards.sdt_uri import line
from hardware.cards.serial_transport import SerialLine
from hardware.cards.transport import Line
from hardware.cards.usb_transport import UsbLine


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("sdt:///dev/ttyUSB0", SerialLine("/dev/ttyUSB0", 115200)),
        ("sdt:///dev/card-reader?baud=9600", SerialLine("/dev/card-reader", 9600)),
        ("sdt+usb://", UsbLine()),
        ("sdt+usb://0400:C35A", UsbLine(0x0400, 0xC35A)),
        ("sdt+usb://?at=1-2.3", UsbLine(plug="1-2.3")),
        ("sdt+usb://0400:c35b?at=2-1", UsbLine(0x0400, 0xC35B, "2-1")),
    ],
)
def test_a_uri_names_a_line(uri: str, named: Line) -> None:
    assert line(uri) == named


@pytest.mark.parametrize(
    ("uri", "advice"),
    [
        ("sdt://dev/ttyUSB0", "three slashes"),
        ("sdt:///", "path of a port"),
        ("sdt:///dev/ttyUSB0?baud=1200", "baud is one of 115200"),
        ("sdt:///dev/ttyUSB0?speed=9600", "unknown option speed"),
        ("sdt+usb://reader", "VENDOR:PRODUCT"),
        ("sdt+usb://0400:c35a/1", "has no path"),
        ("sdt+usb://?at=first", "BUS-PORT"),
        ("pcsc://", "sdt:///dev/"),
    ],
)
def test_what_cannot_be_is_refused_with_advice(uri: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        line(uri)
