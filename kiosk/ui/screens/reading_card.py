"""The card is being read: leave it there."""

from kivy.uix.widget import Widget

from kiosk.pages import ReadingCard
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.tokens import GAP, MARGIN
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Scene
from kiosk.ui.widgets.layout import Column, Ground


class ReadingCardScreen(Screen):
    step = 1

    def body(self, page: ReadingCard) -> Widget:
        picture = Column(Scene("reading"), margin=12)
        Ground(picture, "brand_tint", 8)
        heading = title(self.here.say(wording.READING_TITLE), self.here.say(wording.READING_HOW), "center")
        return Column(heading, picture, Activity(), gap=GAP * 1.5, margin=(MARGIN, 14))
