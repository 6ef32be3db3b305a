"""With which of these is the entry to run?"""

from typing import Final

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.maintenance.pages import Back, StaffChoose
from kiosk.maintenance.plan import Choice
from kiosk.pages import Pick
from kiosk.ui import wording
from kiosk.ui.screens.base import title
from kiosk.ui.screens.staff import StaffScreen
from kiosk.ui.theme.tokens import GAP, HEADING, MARGIN, TARGET
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.layout import Column, Ground, Space
from kiosk.ui.widgets.pressable import Pressable, PushButton
from kiosk.ui.widgets.words import Words

_ROOM: Final = 300.0
_TALLEST: Final = 36.0


class StaffChooseScreen(StaffScreen):
    def body(self, page: StaffChoose) -> Widget:
        heading = page.title.in_language(self.here.language)
        column = Column(title(heading, self.here.say(wording.STAFF_CHOOSE)), gap=GAP, margin=(MARGIN, 10))
        high = max(TARGET, min(_TALLEST, _ROOM / max(len(page.choices), 1) - GAP))
        for choice in page.choices:
            column.add_widget(self._choice(choice, high))
        column.add_widget(Space())
        return column

    def buttons(self, page: StaffChoose) -> list[PushButton]:
        return [PushButton("back", self.here.say(wording.STAFF_BACK), "left", Back(), self.here.act), self.leave()]

    def _choice(self, choice: Choice, high: float) -> Widget:
        label, grounds = choice.title.in_language(self.here.language), ("surface", "brand_tint_pressed")
        button = Pressable(
            f"pick:{choice.value}",
            label,
            Pick(choice.value),
            self.here.act,
            grounds,
            size_hint_y=None,
            height=mm(high),
            padding=(mm(8), 0),
            spacing=mm(GAP),
        )
        button.ground = Ground(button, grounds[0], shadow=True)
        button.add_widget(Words(label, HEADING - 0.6, bold=True, lines=2, pos_hint={"center_y": 0.5}))
        button.add_widget(Icon("right", 10, "brand"))
        return button
