"""A column that is longer than its place: it follows its end until a finger moves it."""

from typing import Any

from kivy.effects.scroll import ScrollEffect
from kivy.metrics import mm
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from kiosk.ui.theme.tokens import COLOURS
from kiosk.ui.widgets.layout import Stack


class Roll(ScrollView):
    """`add` puts a widget at its end."""

    def __init__(self, gap: float) -> None:
        super().__init__(
            do_scroll_x=False,
            effect_cls=ScrollEffect,
            bar_width=mm(2),
            bar_color=COLOURS["paper_line"],
            bar_inactive_color=COLOURS["line"],
            scroll_type=["content"],
        )
        self._stack = Stack(gap=gap)
        self._stack.bind(height=self._follow)
        self.bind(height=self._follow)
        self.add_widget(self._stack)
        self._held = False

    def add(self, widget: Widget) -> None:
        self._stack.add_widget(widget)

    def shows(self, widget: Widget) -> bool:
        """Whether the whole of it is in sight."""
        bottom, top = widget.to_window(widget.x, widget.y)[1], widget.to_window(widget.x, widget.top)[1]
        low, high = self.to_window(self.x, self.y)[1], self.to_window(self.x, self.top)[1]
        return bool(bottom >= low - 1 and top <= high + 1)

    def on_scroll_move(self, *args: Any) -> bool:
        self._held = True
        return bool(super().on_scroll_move(*args))

    def _follow(self, *_: Any) -> None:
        if not self._held:
            self.scroll_y = 0 if self._stack.height > self.height else 1
