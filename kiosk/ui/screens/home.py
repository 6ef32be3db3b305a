"""Nobody is here yet: greet, show how to begin, offer the kinds of certificate, or say why nothing can be printed."""

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import Home
from kiosk.reasons import EXPLANATIONS, Reason
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme.tokens import BODY, DISPLAY, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.drawing import Badge, Scene
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.pressable import PushButton, tiles
from kiosk.ui.widgets.words import Words

_ROOM_FOR_TILES = 228.0
_TALLEST_TILE = 54.0


class HomeScreen(Screen):
    def body(self, page: Home) -> Widget:
        here = self.here
        columns = 1 if len(page.kinds) <= 3 else 2
        rows = -(-len(page.kinds) // columns)
        high = min(_TALLEST_TILE, (_ROOM_FOR_TILES + GAP) / max(rows, 1) - GAP)
        greeting = Stack(
            Words(here.say(wording.HOME_TITLE), DISPLAY, bold=True),
            Words(here.say(wording.HOME_LEAD), BODY, "ink_soft"),
            gap=1,
        )
        open_now = page.trouble is None
        return Column(
            greeting,
            self._how_to_begin() if page.trouble is None else self._trouble(page.trouble),
            Words(here.say(wording.HOME_KINDS if open_now else wording.HOME_OFFER), BODY, "ink_soft"),
            tiles(page.kinds, here.language, here.act, high, columns, enabled=open_now),
            gap=GAP,
            margin=(MARGIN, 9),
        )

    def buttons(self, page: Home) -> list[PushButton]:
        return []

    def _how_to_begin(self) -> Widget:
        here = self.here
        panel = Column(
            Space(0.02),
            Scene("lay-card", size_hint_max_y=mm(110)),
            Words(here.say(wording.HOME_CARD), HEADING, "good", bold=True, align="center"),
            Words(here.say(wording.HOME_CARD_HOW), BODY, "ink", align="center"),
            Space(0.02),
            margin=(6, 5),
            gap=1,
        )
        Ground(panel, "good_tint")
        return panel

    def _trouble(self, reason: Reason) -> Widget:
        explanation = EXPLANATIONS[reason].in_language(self.here.language)
        panel = Column(
            Space(),
            Badge("warning", 34, "on_dark", "warn", radius=17),
            Space(high=4),
            Words(self.here.say(wording.HOME_CLOSED), BODY, align="center"),
            Words(explanation.what, TITLE, "warn", bold=True, align="center"),
            Words(explanation.next, BODY, align="center"),
            Space(),
            margin=(6, 5),
            gap=1,
        )
        Ground(panel, "warn_tint")
        return panel
