"""The terminal works and says at what; after a while it admits that this is slow."""

from typing import Any, Final

from kivy.clock import Clock
from kivy.uix.widget import Widget

from kiosk.pages import Stage, Waiting
from kiosk.ui import wording
from kiosk.ui.screens.base import Here, Screen
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words

_LONG_SECONDS: Final = 6.0
_ICONS: Final[dict[Stage, Drawing]] = {
    Stage.ASKING_PORTRAIT: "hall",
    Stage.ASKING_KINDS: "hall",
    Stage.ISSUING: "document",
    Stage.CHECKING: "shield",
    Stage.RECALLING: "printer",
}


class WaitingScreen(Screen):
    def __init__(self, page: Waiting, here: Here) -> None:
        self.step = {Stage.ASKING_PORTRAIT: 2, Stage.RECALLING: 4}.get(page.stage, 3)
        super().__init__(page, here)

    def body(self, page: Waiting) -> Widget:
        here = self.here
        self._patience = Words("", BODY, "warn", align="center")
        card = Stack(
            Badge(_ICONS[page.stage], 56, "brand", "brand_tint", radius=28),
            Space(high=4),
            Words(here.say(wording.STAGES[page.stage]), TITLE, bold=True, align="center"),
            gap=3,
            margin=(12, 18),
        )
        if page.kind is not None:
            kind = page.kind.title.in_language(here.language)
            card.add_widget(Words(kind, HEADING, "brand", bold=True, align="center", lines=2))
        card.add_widget(Words(here.say(wording.STAGES_HOW[page.stage]), BODY, "ink_soft", align="center"))
        card.add_widget(Space(high=4))
        card.add_widget(Activity())
        Ground(card, "surface", 8)
        if page.stage is not Stage.RECALLING:
            Clock.schedule_once(self._admit, _LONG_SECONDS)
        return Column(Space(), card, self._patience, Space(1.4), gap=GAP, margin=(MARGIN, 10))

    def buttons(self, page: Waiting) -> list[PushButton]:
        """Who has stopped already cannot stop again."""
        return [] if page.stage is Stage.RECALLING else super().buttons(page)

    def close(self) -> None:
        Clock.unschedule(self._admit)
        super().close()

    def _admit(self, *_: Any) -> None:
        self._patience.say(self.here.say(wording.WAIT_MORE))
