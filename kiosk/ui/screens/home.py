"""Nobody is here yet: greet, show how to begin and offer the kinds of certificate.

It invites only when something can be printed. Until the platform has said what, it is getting ready; in a trouble it
says which one, and that it watches for the end of it.
"""

from datetime import datetime
from typing import Any, Final

from kivy.clock import Clock
from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.maintenance.pages import CallStaff
from kiosk.pages import Home, Text
from kiosk.reasons import Reason
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme.tokens import BODY, DISPLAY, GAP, HEADING, MARGIN, SMALL, TITLE
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Badge, Scene
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.pressable import PushButton, tiles
from kiosk.ui.widgets.words import Words

_ROOM_FOR_TILES = 228.0
_ROOM_FOR_CLOSED_TILES = 190.0
_TALLEST_TILE = 54.0
_HELD_SECONDS: Final = 5.0
"""How long a technician holds the drawing in the head: longer than anybody leans on it, and nothing shows meanwhile."""


class HomeScreen(Screen):
    def body(self, page: Home) -> Widget:
        column = Column(gap=GAP, margin=(MARGIN, 9))
        for part in self._parts(page):
            column.add_widget(part)
        return column

    def buttons(self, page: Home) -> list[PushButton]:
        return []

    def close(self) -> None:
        Clock.unschedule(self._call_staff)
        super().close()

    def on_touch_down(self, touch: Any) -> bool:
        if self._is_knock(touch):
            Clock.schedule_once(self._call_staff, _HELD_SECONDS)
        return bool(super().on_touch_down(touch))

    def on_touch_move(self, touch: Any) -> bool:
        if not self._is_knock(touch):
            Clock.unschedule(self._call_staff)
        return bool(super().on_touch_move(touch))

    def on_touch_up(self, touch: Any) -> bool:
        Clock.unschedule(self._call_staff)
        return bool(super().on_touch_up(touch))

    def _is_knock(self, touch: Any) -> bool:
        """On the drawing in the head, which answers to nothing else."""
        return bool(self.header.emblem.collide_point(*touch.pos))

    def _call_staff(self, *_: Any) -> None:
        self.here.act(CallStaff())

    def _parts(self, page: Home) -> list[Widget]:
        if page.trouble is not None:
            greeting = self._greeting(wording.HOME_CLOSED, wording.HOME_CLOSED_HOW)
            return [greeting, self._trouble(page.trouble, page.again_at), *self._offer(page, wording.HOME_OFFER)]
        greeting = self._greeting(wording.HOME_TITLE, wording.HOME_LEAD)
        if not page.kinds:
            return [greeting, self._getting_ready()]
        if page.card_left:
            take = self._card("take-card", wording.HOME_CARD_LEFT, wording.HOME_CARD_LEFT_HOW, "warn")
            return [greeting, take, *self._offer(page, wording.HOME_OFFER)]
        lay = wording.HOME_DOCUMENT if page.documents else wording.HOME_CARD
        begin = self._card("lay-card", lay, wording.HOME_CARD_HOW, "good")
        notices = [Words(self.here.say(wording.NOTICES[notice]), BODY, "warn") for notice in page.notices]
        return [greeting, *notices, begin, *self._offer(page, wording.HOME_KINDS)]

    def _greeting(self, heading: Text, lead: Text) -> Widget:
        say = self.here.say
        return Stack(Words(say(heading), DISPLAY, bold=True), Words(say(lead), BODY, "ink_soft"), gap=1)

    def _offer(self, page: Home, heading: Text) -> list[Widget]:
        """The tiles, which can be tapped unless there is a trouble or somebody's card."""
        if not page.kinds:
            return []
        columns = 1 if len(page.kinds) <= 3 else 2
        rows = -(-len(page.kinds) // columns)
        open_now = page.trouble is None and not page.card_left
        high = min(_TALLEST_TILE, ((_ROOM_FOR_TILES if open_now else _ROOM_FOR_CLOSED_TILES) + GAP) / rows - GAP)
        return [
            Words(self.here.say(heading), BODY, "ink_soft"),
            tiles(page.kinds, self.here.language, self.here.act, high, columns, open_now),
        ]

    def _card(self, scene: str, what: Text, how: Text, tone: str) -> Widget:
        """What to do with a card."""
        here = self.here
        panel = Column(
            Space(0.02),
            Scene(scene, size_hint_max_y=mm(160)),
            Words(here.say(what), HEADING, tone, bold=True, align="center"),
            Words(here.say(how), BODY, "ink", align="center"),
            Space(0.02),
            margin=(6, 5),
            gap=1,
        )
        Ground(panel, f"{tone}_tint")
        return panel

    def _getting_ready(self) -> Widget:
        say = self.here.say
        panel = Column(
            Space(),
            Badge("hall", 72, "brand", "surface", radius=36),
            Space(high=6),
            Words(say(wording.HOME_READYING), DISPLAY, "brand", bold=True, align="center"),
            Words(say(wording.HOME_READYING_HOW), HEADING - 0.6, align="center"),
            Space(high=6),
            Activity(),
            Space(1.3),
            margin=(6, 5),
            gap=2,
        )
        Ground(panel, "brand_tint")
        return panel

    def _trouble(self, reason: Reason, again_at: datetime | None) -> Widget:
        say = self.here.say
        what = say(wording.HOME_TROUBLES.get(reason, wording.HOME_TROUBLE))
        again = [say(wording.HOME_AGAIN_AT, at=wording.to_the_second(again_at))] if again_at else []
        panel = Column(
            Space(),
            Badge("warning", 48, "on_dark", "warn", radius=24),
            Space(high=4),
            Words(what, TITLE + 1, "warn", bold=True, align="center"),
            Words(say(wording.HOME_TROUBLE_HOW), HEADING - 0.6, align="center"),
            *(Words(sentence, BODY, align="center") for sentence in again),
            Space(),
            Words(say(wording.CODE, code=reason.value), SMALL, "ink_soft", align="center"),
            margin=(8, 5),
            gap=2,
        )
        Ground(panel, "warn_tint")
        return panel
