"""Text on the screen: set by our own line-breaking, as high as it needs."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from kivy.core.text import Label as Measurer
from kivy.metrics import mm
from kivy.uix.label import Label

from kiosk.ui.theme.fonts import FAMILY
from kiosk.ui.theme.tokens import BODY, COLOURS, Rgba
from kiosk.ui.typesetting import break_lines

_BELOW: Final = 0.12
"""Room below a text, in em: the typeface's own box has that much more above its characters than below them, and what
stands beside a drawing must stand in its middle."""
_PIECES: Final = 2000
"""How many widths are remembered per size, of characters and words, beyond the citizen: what somebody typed is set as
a `Caption`, which measures nothing."""


@cache
def _measurer(font_px: float, bold: bool) -> Callable[[str], int]:
    """How wide a piece of text is; most pieces come again and again."""
    face = Measurer(font_name=FAMILY, font_size=font_px, bold=bold)
    return lru_cache(_PIECES)(lambda piece: face.get_extents(piece)[0])


class Words(Label):
    """One text. `size_mm` is the em; `tone` names a colour; `lines` is the most it may take, cut with an ellipsis.

    `meaning` names what the text says, for readers that must not depend on its wording.
    """

    def __init__(
        self,
        words: str,
        size_mm: float = BODY,
        tone: str | Rgba = "ink",
        bold: bool = False,
        align: str = "left",
        lines: int | None = None,
        **properties: Any,
    ) -> None:
        self.words, self._lines, self.meaning = words, lines, ""
        super().__init__(
            font_name=FAMILY,
            font_size=mm(size_mm),
            bold=bold,
            halign=align,
            padding=(0, 0, 0, round(mm(size_mm) * _BELOW)),
            size_hint_y=None,
            **{"width": 0, **properties},
        )
        self.tint(tone)
        self.bind(width=self._set, texture_size=self._grow)
        self._set()

    def say(self, words: str) -> None:
        """Another text in the same place."""
        if words != self.words:
            self.words = words
            self._set()

    def tint(self, tone: str | Rgba) -> None:
        self.color = self.disabled_color = COLOURS[tone] if isinstance(tone, str) else tone

    def _set(self, *_: Any) -> None:
        if self.width < self.font_size:  # not laid out yet
            return
        measure = _measurer(self.font_size, self.bold)
        # Extents are whole pixels per piece; the last hundredth keeps their sum from wrapping a second time.
        lines = break_lines(self.words, measure, self.width * 0.99, self._lines)
        self.text_size = (self.width, None)
        self.text = "\n".join(lines)

    def _grow(self, *_: Any) -> None:
        self.height = self.texture_size[1]


class Caption(Words):
    """One line that is as wide as its text: what stands beside a drawing in a button."""

    def __init__(self, words: str, **properties: Any) -> None:
        super().__init__(words, size_hint_x=None, **properties)

    def _set(self, *_: Any) -> None:
        self.text_size = (None, None)
        self.text = self.words

    def _grow(self, *_: Any) -> None:
        self.size = self.texture_size
