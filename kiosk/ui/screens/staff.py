"""What the technician's pages share: their own last line, and the way back to the home page."""

from kivy.uix.widget import Widget

from kiosk.pages import Cancel
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.header import FootLine
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words


class StaffScreen(Screen):
    countdown_how = wording.STAFF_COUNTDOWN_HOW

    def foot(self) -> Widget:
        return FootLine("lock", self.here.say(wording.STAFF_FOOT))

    def leave(self) -> PushButton:
        return PushButton("cancel", self.here.say(wording.STAFF_LEAVE), "home", Cancel(), self.here.act)


def message(icon: Drawing, tone: str, heading: str, *sentences: str) -> Widget:
    """A page that says one thing, in a heading and up to three sentences."""
    sizes = (HEADING - 0.6, BODY, BODY)
    said = [Words(sentence, size, align="center") for sentence, size in zip(sentences, sizes, strict=False)]
    card = Stack(
        Badge(icon, 54, tone, f"{tone}_tint", radius=27),
        Space(high=6),
        Words(heading, TITLE + 1, bold=True, align="center"),
        *said,
        gap=4,
        margin=(14, 18),
    )
    Ground(card, "surface", 8)
    return Column(Space(), card, Space(1.2), gap=GAP, margin=(MARGIN, 12))
