"""Lay the identity card on the reader."""

from kivy.uix.widget import Widget

from kiosk.pages import PresentCard
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.icons import Drawing, of_a_kind
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN
from kiosk.ui.widgets.drawing import Badge, Scene
from kiosk.ui.widgets.layout import Column, Ground, Row, Stack
from kiosk.ui.widgets.words import Words


class PresentCardScreen(Screen):
    step = 1

    def body(self, page: PresentCard) -> Widget:
        here = self.here
        picture = Column(Scene("lay-card"), margin=12)
        Ground(picture, "good_tint", 8)
        column = Column(
            title(
                here.say(wording.PRESENT_DOCUMENT if page.documents else wording.PRESENT_TITLE),
                here.say(wording.PRESENT_HOW),
                "center",
            ),
            gap=GAP * 1.5,
            margin=(MARGIN, 14),
        )
        if page.wish is not None:
            column.add_widget(self._wish(of_a_kind(page.wish.icon), page.wish.title.in_language(here.language)))
        column.add_widget(picture)
        return column

    def _wish(self, icon: Drawing, kind: str) -> Widget:
        texts = Stack(
            Words(self.here.say(wording.PRESENT_WISH), BODY, "ink_soft"),
            Words(kind, HEADING, bold=True, lines=1),
            pos_hint={"center_y": 0.5},
        )
        row = Row(Badge(icon, 24), texts, gap=GAP, margin=(8, 6), size_hint_y=None)
        row.bind(minimum_height=row.setter("height"))
        Ground(row, "surface")
        return row
