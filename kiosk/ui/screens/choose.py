"""Pick a certificate."""

from kivy.uix.widget import Widget

from kiosk.pages import ChooseCertificate
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.screens.overlooked import overlooked, reveal
from kiosk.ui.theme.tokens import GAP, MARGIN
from kiosk.ui.widgets.layout import Column, Space
from kiosk.ui.widgets.pressable import PushButton, tiles

_ROOM_FOR_TILES = 290.0
_TALLEST_TILE = 70.0


class ChooseCertificateScreen(Screen):
    step = 3

    def body(self, page: ChooseCertificate) -> Widget:
        here = self.here
        columns = 1 if len(page.kinds) <= 4 else 2
        rows = -(-len(page.kinds) // columns)
        high = min(_TALLEST_TILE, (_ROOM_FOR_TILES + GAP) / max(rows, 1) - GAP)
        if page.overlooked:
            return Column(Space(), overlooked(here), Space(), margin=(MARGIN, 14))
        return Column(
            title(here.say(wording.CHOOSE_TITLE, name=page.name), here.say(wording.CHOOSE_LEAD)),
            tiles(page.kinds, here.language, here.act, high, columns),
            Space(),
            gap=GAP * 1.5,
            margin=(MARGIN, 14),
        )

    def buttons(self, page: ChooseCertificate) -> list[PushButton]:
        return [self.leave(), reveal(self.here)] if page.overlooked else [self.leave()]
