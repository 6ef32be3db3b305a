"""The certificate before it is printed: the page itself, who issued it, until when it holds."""

from kivy.uix.widget import Widget

from kiosk.pages import Preview, Print
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.screens.overlooked import overlooked, reveal
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, SMALL, TITLE
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.picture import PaperPicture, blurred
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Caption, Words


class PreviewScreen(Screen):
    """Without a picture there is no print button: nobody confirms what they cannot see."""

    step = 4

    def body(self, page: Preview) -> Widget:
        here = self.here
        try:
            picture: Widget = PaperPicture(blurred(page.picture) if page.overlooked else page.picture)
            self._visible = True
        except ValueError:
            picture = Column(
                Space(), Notice("warning", here.say(wording.PREVIEW_TITLE), here.say(wording.PREVIEW_MISSING)), Space()
            )
            self._visible = False
        below = overlooked(here) if page.overlooked else self._facts(page)
        return Column(self._head(page), picture, below, gap=4.5, margin=(MARGIN, 6))

    def buttons(self, page: Preview) -> list[PushButton]:
        say = self.here.say
        if page.overlooked:
            return [self.leave(), reveal(self.here)]
        send = PushButton(
            "print",
            say(wording.PRINT),
            "printer",
            Print(),
            self.here.act,
            filled=True,
            enabled=self._visible,
            share=1.6,
        )
        return [self.leave(), send]

    def _head(self, page: Preview) -> Widget:
        here = self.here
        seal = Row(
            Icon("shield", 9, "good"),
            Caption(
                here.say(wording.PREVIEW_CHECKED, n=page.checks),
                size_mm=SMALL,
                bold=True,
                tone="good",
                pos_hint={"center_y": 0.5},
            ),
            gap=2.5,
            margin=(5, 3),
            size_hint=(None, None),
            pos_hint={"center_y": 0.5},
        )
        seal.bind(minimum_size=seal.setter("size"))
        Ground(seal, "good_tint", 8)
        kind = page.kind.title.in_language(here.language)
        texts = Stack(
            Words(here.say(wording.PREVIEW_TITLE), TITLE, bold=True),
            Words(kind, HEADING, "brand", bold=True, lines=1),
            pos_hint={"center_y": 0.5},
        )
        row = Row(texts, seal, gap=GAP, size_hint_y=None)
        row.bind(minimum_height=row.setter("height"))
        return row

    def _facts(self, page: Preview) -> Widget:
        here = self.here
        facts = (
            (wording.PREVIEW_ISSUER, page.issuer, 1.7),
            (wording.PREVIEW_UNTIL, wording.in_words(page.valid_until, here.language), 1.15),
            (wording.PREVIEW_PAGES, wording.pages(page.pages, here.language), 0.75),
        )
        row = Row(gap=GAP, margin=(8, 4), size_hint_y=None)
        for name, value, share in facts:
            fact = Stack(
                Words(here.say(name), SMALL, "ink_soft"), Words(value, BODY, bold=True, lines=2), pos_hint={"top": 1}
            )
            fact.size_hint_x = share
            row.add_widget(fact)
        row.bind(minimum_height=row.setter("height"))
        Ground(row, "surface")
        return row
