"""The question before an idle session ends: a veil over the page, the seconds, and one big answer (WCAG 2.2.1)."""

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.metrics import mm
from kivy.uix.anchorlayout import AnchorLayout

from kiosk.pages import Language, StillHere, Text
from kiosk.ui import wording
from kiosk.ui.theme.tokens import BODY, COLOURS, GAP, MARGIN, TITLE
from kiosk.ui.widgets.layout import Ground, Stack
from kiosk.ui.widgets.pressable import Act, PushButton
from kiosk.ui.widgets.words import Words

_NUMBER = 40.0


class Countdown(AnchorLayout):
    """`leave` is the page's own way out, offered again because the veil covers it. `seconds` changes in place; `how`
    says what happens at their end."""

    def __init__(self, seconds: int, how: Text, leave: PushButton, language: Language, act: Act) -> None:
        super().__init__(padding=mm(MARGIN))
        with self.canvas.before:
            Color(*COLOURS["scrim"])
            veil = Rectangle()

        def follow(*_: object) -> None:
            veil.pos, veil.size = self.pos, self.size

        self.bind(pos=follow, size=follow)
        self._number = Words(str(seconds), _NUMBER, "brand", bold=True, align="center")
        card = Stack(
            Words(wording.COUNTDOWN_TITLE.in_language(language), TITLE, bold=True, align="center"),
            self._number,
            Words(how.in_language(language), BODY, "ink_soft", align="center"),
            Stack(
                PushButton(
                    "still-here",
                    wording.STILL_HERE.in_language(language),
                    "hand",
                    StillHere(),
                    act,
                    filled=True,
                    high=34,
                ),
                leave,
                gap=GAP,
                margin=(0, GAP),
            ),
            gap=1,
            margin=(12, 12),
        )
        Ground(card, "surface", 8)
        self.add_widget(card)

    def count(self, seconds: int) -> None:
        self._number.say(str(seconds))

    def on_touch_down(self, touch: Any) -> bool:
        """The veil swallows what its buttons do not take."""
        return bool(super().on_touch_down(touch) or self.collide_point(*touch.pos))
