"""Paper is on its way, or the printer needs a member of staff."""

from kivy.uix.widget import Widget

from kiosk.pages import Printing
from kiosk.reasons import EXPLANATIONS
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.tokens import GAP, HEADING, MARGIN
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.drawing import Scene
from kiosk.ui.widgets.layout import Column, Ground
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.words import Words


class PrintingScreen(Screen):
    """Counts the seconds of a trouble in place."""

    step = 4

    def body(self, page: Printing) -> Widget:
        here = self.here
        self._page = page
        self._left = Words("", HEADING, "warn", bold=True, align="center")
        picture = Column(Scene("printing"), margin=12)
        Ground(picture, "brand_tint", 8)
        column = Column(gap=GAP * 1.5, margin=(MARGIN, 14))
        if page.trouble is None:
            column.add_widget(title(here.say(wording.PRINTING_TITLE), here.say(wording.PRINTING_HOW), "center"))
            column.add_widget(picture)
            column.add_widget(Activity())
        else:
            explanation = EXPLANATIONS[page.trouble].in_language(here.language)
            paused = title(here.say(wording.PRINTING_PAUSED), here.say(wording.PRINTING_PAUSED_HOW), "center")
            for part in (paused, picture, Notice("warning", explanation.what, explanation.next), self._left):
                column.add_widget(part)
            self._count(page)
        return column

    def renew(self, page: Printing) -> bool:
        if (page.kind, page.trouble) != (self._page.kind, self._page.trouble):
            return False
        self._page = page
        self._count(page)
        return True

    def _count(self, page: Printing) -> None:
        if page.trouble is not None and page.seconds_left is not None:
            self._left.say(self.here.say(wording.PRINTING_LEFT, n=page.seconds_left))
