"""Keys for a few characters, each large enough for a thumb. What is typed is told to the page and to nobody else: each
key says to the desk no more than that somebody is there.
"""

from collections.abc import Callable
from typing import Final

from kivy.metrics import mm

from kiosk.pages import StillHere
from kiosk.ui.theme.tokens import BODY, HEADING
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.pressable import Act, Pressable
from kiosk.ui.widgets.words import Words

DIGITS: Final = ("123", "456", "789", " 0<")
"""Rows of keys: a blank is a gap, < deletes."""
_BETWEEN: Final = 3.6


class Keypad(Stack):
    """`rows` as in `DIGITS`, each `high` mm; `delete`: what the deleting key says."""

    def __init__(
        self,
        rows: tuple[str, ...],
        high: float,
        delete: str,
        press: Callable[[str], None],
        act: Act,
        enabled: bool = True,
    ) -> None:
        super().__init__(gap=_BETWEEN)
        for keys in rows:
            row = Row(gap=_BETWEEN, size_hint_y=None, height=mm(high))
            for key in keys:
                label = delete if key == "<" else key
                row.add_widget(Space() if key == " " else _Key(key, label, press, act, enabled))
            self.add_widget(row)


class _Key(Pressable):
    def __init__(self, key: str, label: str, press: Callable[[str], None], act: Act, enabled: bool) -> None:
        grounds = ("surface", "brand_tint_pressed") if enabled else ("disabled", "disabled")
        super().__init__(f"key:{key}", label, StillHere(), act, grounds)
        self.disabled = not enabled
        self._key, self._tell = key, press
        self.ground = Ground(self, grounds[0])
        tone = "ink" if enabled else "on_disabled"
        face = Words(label, HEADING if label == key else BODY, tone, bold=True, align="center", lines=1)
        self.add_widget(Column(Space(), face, Space()))

    def on_release(self) -> None:
        self._tell(self._key)
        super().on_release()
