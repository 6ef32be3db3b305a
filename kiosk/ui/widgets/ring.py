"""The boot loader's picture (image/splash.py), kept on the panel until there is a page.

In pixels, the same on every panel: the boot loader knows no millimetres.
"""

from typing import Any, Final

from kivy.graphics import Color, SmoothLine
from kivy.uix.widget import Widget

GROUND: Final = (0.0, 0.0, 0.0, 1.0)
_RADIUS_PX: Final = 88.0
_HALF_WIDTH_PX: Final = 9.0
_COLOUR: Final = (0x0B / 255, 0x57 / 255, 0xA8 / 255, 1.0)


class Ring(Widget):
    """In the middle of whatever it fills, for a window cleared to `GROUND`."""

    def __init__(self) -> None:
        super().__init__()
        with self.canvas:
            Color(*_COLOUR)
            self._line = SmoothLine(width=_HALF_WIDTH_PX)
        self.bind(pos=self._follow, size=self._follow)

    def _follow(self, *_: Any) -> None:
        self._line.circle = (*self.center, _RADIUS_PX, 0, 360, 120)
