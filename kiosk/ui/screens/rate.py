"""Five levels, told apart by face and by word (B22), or none."""

from typing import Final

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import Done, Rate, Stars
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import GAP, HEADING, MARGIN
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.layout import Column, Ground, Space
from kiosk.ui.widgets.pressable import Act, Pressable, PushButton
from kiosk.ui.widgets.words import Words

_FACES: Final[dict[int, tuple[Drawing, str]]] = {
    5: ("face-5", "good"),
    4: ("face-4", "good"),
    3: ("face-3", "brand"),
    2: ("face-2", "warn"),
    1: ("face-1", "warn"),
}
_TINTS: Final = {"good": "good_tint", "brand": "brand_tint", "warn": "warn_tint"}


class RateScreen(Screen):
    step = 5

    def body(self, page: Rate) -> Widget:
        here = self.here
        levels = [_Level(value, here.say(text), here.act) for value, text in wording.RATINGS.items()]
        heading = title(here.say(wording.RATE_TITLE), here.say(wording.RATE_LEAD), "center")
        return Column(heading, Space(0.3), *levels, Space(0.5), gap=GAP + 1, margin=(MARGIN, 14))

    def leave(self) -> PushButton:
        return PushButton("done", self.here.say(wording.SKIP), "home", Done(), self.here.act)


class _Level(Pressable):
    def __init__(self, value: int, label: str, act: Act) -> None:
        super().__init__(
            f"stars:{value}",
            label,
            Stars(value),
            act,
            ("surface", "brand_tint_pressed"),
            size_hint_y=None,
            height=mm(46),
            spacing=mm(10),
            padding=(mm(14), 0),
        )
        self.ground = Ground(self, "surface", shadow=True)
        face, tone = _FACES[value]
        self.add_widget(Badge(face, 31, tone, _TINTS[tone], radius=15.5))
        self.add_widget(Words(label, HEADING + 1, bold=True, pos_hint={"center_y": 0.5}))
