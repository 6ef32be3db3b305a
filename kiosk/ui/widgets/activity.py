"""A sign of life that costs little: dots that light up in turn, twice a second.

Each step redraws the window, so it takes few of them; a spinning wheel at 60 frames a second would keep a core busy.
"""

from typing import Any, Final

from kivy.clock import Clock
from kivy.graphics import Color, SmoothEllipse
from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.ui.theme.tokens import COLOURS

_DOTS: Final = 5
_SECONDS_PER_STEP: Final = 0.5


class Activity(Widget):
    """Runs until `close`."""

    def __init__(self) -> None:
        super().__init__(size_hint_y=None, height=mm(12))
        self._step = 0
        with self.canvas:
            self._dots = [(Color(*COLOURS["line"]), SmoothEllipse()) for _ in range(_DOTS)]
        self.bind(pos=self._follow, size=self._follow)
        Clock.schedule_interval(self._turn, _SECONDS_PER_STEP)
        self._turn()

    def close(self) -> None:
        Clock.unschedule(self._turn)

    def _turn(self, *_: Any) -> None:
        for number, (colour, _dot) in enumerate(self._dots):
            colour.rgba = COLOURS["brand" if number == self._step % _DOTS else "paper_line"]
        self._step += 1

    def _follow(self, *_: Any) -> None:
        width, pitch = mm(7), mm(14)
        left = self.x + self.width / 2 - pitch * (_DOTS - 1) / 2 - width / 2
        for number, (_colour, dot) in enumerate(self._dots):
            dot.pos, dot.size = (left + number * pitch, self.y + (self.height - width) / 2), (width, width)
