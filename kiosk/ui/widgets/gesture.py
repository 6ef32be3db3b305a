"""What the head is asked to do, as a drawing that does it: a few slow times, then it rests as the head is to be, and as
it was at first, so that the side meant is plain at once.

Two drawings take turns; nothing moves between them, so a beat costs one frame. Once it rests it costs none. Where
nothing on the screen is to move by itself, it rests from the start.
"""

from typing import Any, Final

from kivy.clock import Clock

from kiosk.ui.theme.icons import Drawing
from kiosk.ui.widgets.drawing import Badge

_BEAT_SECONDS: Final = 0.7
_TIMES: Final = 3


class Gesture(Badge):
    """Shows what `do` was last given. Runs until `close`."""

    def __init__(self, size_mm: float, *, still: bool) -> None:
        self.drawing: Drawing = "look"
        super().__init__(self.drawing, size_mm, "on_dark", "brand", radius=size_mm / 2)
        self._still = still
        self._drawings: tuple[Drawing, ...] = ()
        self._beats_left = 0
        self._beat = Clock.create_trigger(self._change, _BEAT_SECONDS, interval=True)

    def do(self, *drawings: Drawing) -> None:
        """The last drawing, the first, the last again, and so on; or only one, that rests. The same as before goes on
        as it was."""
        if drawings == self._drawings:
            return
        self._drawings = drawings
        self._beats_left = 0 if self._still else 2 * (_TIMES - 1) * (len(drawings) - 1)
        self._beat.cancel()
        self._show(drawings[-1])
        if self._beats_left:
            self._beat()

    def close(self) -> None:
        self._beat.cancel()

    def _change(self, *_: Any) -> bool:
        self._beats_left -= 1
        self._show(self._drawings[self._beats_left % 2 - 1])
        return self._beats_left > 0

    def _show(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.icon.change(drawing)
