"""It ends here: what happened, what to do now, where card and paper are, and a code for the staff."""

from typing import Final

from kivy.uix.widget import Widget

from kiosk.pages import Done, Refusal, Retry
from kiosk.reasons import EXPLANATIONS, Reason
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, SMALL, TITLE
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words

_CALM: Final[dict[Reason, Drawing]] = {Reason.CANCELLED: "stop", Reason.IDLE: "clock", Reason.CARD_REMOVED: "card"}
"""Ends that are nobody's trouble, with the drawing of what led to them: neither a warning nor a success."""


class RefusalScreen(Screen):
    def body(self, page: Refusal) -> Widget:
        here = self.here
        explanation = EXPLANATIONS[page.reason].in_language(here.language)
        calm = page.reason in _CALM
        again = [here.say(wording.AGAIN_AT, at=wording.to_the_second(page.again_at))] if page.again_at else []
        icon, tone = _CALM.get(page.reason, "warning"), "brand" if calm else "warn"
        message = Stack(
            Badge(icon, 54, tone, f"{tone}_tint", radius=27),
            Space(high=6),
            Words(explanation.what, TITLE + 1, bold=True, align="center"),
            Words(explanation.next, HEADING - 0.6, "ink", align="center"),
            *(Words(sentence, BODY, "ink", align="center") for sentence in again),
            gap=4,
            margin=(14, 18),
        )
        Ground(message, "surface", 8)
        column = Column(Space(), message, *self._things(page), Space(1.2), gap=GAP, margin=(MARGIN, 12))
        column.add_widget(Words(here.say(wording.CODE, code=page.reason.value), SMALL, "ink_soft", align="center"))
        return column

    def buttons(self, page: Refusal) -> list[PushButton]:
        if not EXPLANATIONS[page.reason].retry:
            return [self._done(filled=True)]
        label = self.here.say(wording.START_AGAIN if page.reason in _CALM else wording.RETRY)
        again = PushButton("retry", label, "again", Retry(), self.here.act, filled=True)
        return [self.leave(), again]

    def leave(self) -> PushButton:
        return self._done(filled=False)

    def _done(self, filled: bool) -> PushButton:
        return PushButton("done", self.here.say(wording.DONE), "home", Done(), self.here.act, filled)

    def _things(self, page: Refusal) -> list[Widget]:
        """Where the citizen's card and paper are."""
        say = self.here.say
        lines = [_line("card", say(wording.CARD_ON_READER if page.card else wording.CARD_WITH_YOU))]
        if page.paper:
            lines.append(_line("printer", say(wording.PAPER_IN_TRAY)))
        return lines


def _line(icon: Drawing, sentence: str) -> Widget:
    row = Row(
        Badge(icon, 20), Words(sentence, BODY, pos_hint={"center_y": 0.5}), gap=GAP, margin=(8, 5), size_hint_y=None
    )
    row.bind(minimum_height=row.setter("height"))
    Ground(row, "surface")
    return row
