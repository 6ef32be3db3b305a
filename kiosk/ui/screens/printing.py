"""Paper is on its way, or the printer needs a member of staff."""

from kivy.uix.widget import Widget

from kiosk.pages import Printing
from kiosk.reasons import Reason
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Badge, Scene
from kiosk.ui.widgets.layout import Column, Ground, Row, Stack
from kiosk.ui.widgets.words import Words


class PrintingScreen(Screen):
    """Counts the seconds of a trouble in place."""

    step = 4

    def body(self, page: Printing) -> Widget:
        self._page = page
        self._left = Words("", HEADING, "warn", bold=True)
        self._how_far = Words("", HEADING, "brand", bold=True, align="center")
        parts = self._on_its_way() if page.trouble is None else self._waiting_for_staff(page.trouble)
        self._count(page)
        return Column(*parts, gap=GAP * 1.5, margin=(MARGIN, 14))

    def renew(self, page: Printing) -> bool:
        if (page.kind, page.trouble, page.pages) != (self._page.kind, self._page.trouble, self._page.pages):
            return False
        self._page = page
        self._count(page)
        return True

    def _on_its_way(self) -> tuple[Widget, ...]:
        say = self.here.say
        picture = Column(Scene("printing"), margin=12)
        Ground(picture, "brand_tint", 8)
        parts = [title(say(wording.PRINTING_TITLE), say(wording.PRINTING_HOW), "center"), picture]
        return (*parts, *([self._how_far] if self._page.pages > 1 else []), Activity())

    def _waiting_for_staff(self, trouble: Reason) -> tuple[Widget, ...]:
        say = self.here.say
        what, then = wording.PRINTING_TROUBLES.get(trouble, wording.PRINTING_TROUBLE)
        picture = Column(
            Scene("printer-waits"),
            Words(say(what), TITLE, "warn", bold=True, align="center"),
            Words(say(then), BODY, align="center"),
            gap=2,
            margin=(10, 12),
        )
        Ground(picture, "warn_tint", 8)
        patience = Row(
            Badge("clock", 24, "warn", "warn_tint"),
            Stack(self._left, Words(say(wording.PRINTING_STOP), BODY), pos_hint={"center_y": 0.5}),
            gap=7,
            margin=(8, 7),
            size_hint_y=None,
        )
        patience.bind(minimum_height=patience.setter("height"))
        Ground(patience, "surface")
        return (title(say(wording.PRINTING_PAUSED), say(wording.PRINTING_PAUSED_HOW), "center"), picture, patience)

    def _count(self, page: Printing) -> None:
        if page.pages > 1:
            self._how_far.say(self.here.say(wording.PRINTING_PAGE, n=page.pages_out, m=page.pages))
        if page.seconds_left is not None:
            self._left.say(self.here.say(wording.PRINTING_LEFT, n=page.seconds_left))
