"""The ring on black: as the boot loader paints it, and as the window does."""

import io
from functools import cache

from PIL import Image, ImageChops

from image import splash


def is_splash(seen: Image.Image) -> bool:
    """Every pixel as in image/splash.py, in the middle of black."""
    return _off(seen).getbbox() is None


def is_ring(seen: Image.Image) -> bool:
    """The same, but for how its edges are smoothed."""
    return not is_splash(seen) and sum(_off(seen).histogram()[64:]) < 100


@cache
def _ring() -> Image.Image:
    return Image.open(io.BytesIO(splash.bitmap())).convert("RGB")


def _off(seen: Image.Image) -> Image.Image:
    ring = _ring()
    expected = Image.new("RGB", seen.size)
    expected.paste(ring, ((seen.width - ring.width) // 2, (seen.height - ring.height) // 2))
    return ImageChops.difference(seen, expected).convert("L")
