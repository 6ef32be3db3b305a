"""The page is out: take the paper, take the card."""

from kivy.uix.widget import Widget

from kiosk.pages import Done, HandOver, SlipState, WantSlip
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, TITLE
from kiosk.ui.widgets.drawing import Scene
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words


class HandOverScreen(Screen):
    step = 5

    def body(self, page: HandOver) -> Widget:
        here = self.here
        things = [
            _thing(
                "take-paper",
                here.say(wording.TAKE_PAPER, pages=wording.pages(page.pages, here.language)),
                here.say(wording.TAKE_PAPER_WHERE),
            )
        ]
        if page.card:
            things.append(_thing("take-card", here.say(wording.TAKE_CARD), here.say(wording.TAKE_CARD_WHERE)))
        kind = page.kind.title.in_language(here.language)
        heading = Stack(
            Words(here.say(wording.HAND_OVER_TITLE), TITLE, bold=True, align="center"),
            Words(kind, HEADING, "brand", bold=True, align="center", lines=1),
            gap=1,
        )
        said = wording.SLIPS.get(page.slip)
        slip = [] if said is None else [Words(here.say(said), BODY, "ink_soft", align="center")]
        return Column(heading, *things, *slip, gap=GAP * 1.5, margin=(MARGIN, 12))

    def buttons(self, page: HandOver) -> list[PushButton]:
        if page.slip is not SlipState.OFFERED:
            return [self.leave()]
        here = self.here
        return [PushButton("slip", here.say(wording.WANT_SLIP), "receipt", WantSlip(), here.act), self.leave()]

    def leave(self) -> PushButton:
        return PushButton("done", self.here.say(wording.TAKEN), "check", Done(), self.here.act, filled=True)


def _thing(scene: str, what: str, where: str) -> Widget:
    card = Column(
        Scene(scene),
        Space(high=3),
        Words(what, HEADING + 1, "good", bold=True, align="center"),
        Words(where, BODY, align="center"),
        margin=(8, 8),
    )
    Ground(card, "good_tint", 8)
    return card
