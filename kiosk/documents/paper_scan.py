"""The code on a scanned paper: found and read in a picture (ISO/IEC 18004), also where the scan is dusty or blurred.

zxing-cpp reads what is nearly clean; what it does not read at once is smoothed and tried again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import zxingcpp

from kiosk.documents.offline_statement import PREFIX

LIMIT_PIXELS: Final = 120_000_000
_ATTEMPTS: Final[tuple[Callable[[Any], Any], ...]] = (
    lambda grey: grey,
    lambda grey: cv2.medianBlur(grey, 3),
    lambda grey: cv2.medianBlur(grey, 5),
    lambda grey: cv2.GaussianBlur(grey, (0, 0), 1.5),
    lambda grey: cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
)


def codes_on(scan: Path) -> tuple[str, ...]:
    """Every statement of a terminal on this picture. Raises OSError, or ValueError if it is no picture."""
    grey = cv2.imdecode(np.frombuffer(scan.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None or grey.size > LIMIT_PIXELS:
        raise ValueError(f"{scan.name} is not a picture, or too large")
    for attempt in _ATTEMPTS:
        if found := tuple(dict.fromkeys(_read(attempt(grey)))):
            return found
    return ()


def _read(grey: Any) -> Iterator[str]:
    for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
        if code.text.startswith(PREFIX):
            yield code.text
