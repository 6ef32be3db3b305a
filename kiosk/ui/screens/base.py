"""What all pages share: head, steps, body, buttons, help line. A screen says what is its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import Cancel, Language, Page, Text
from kiosk.ui import wording
from kiosk.ui.theme.tokens import BODY, BUTTON, GAP, MARGIN, TITLE
from kiosk.ui.widgets.header import Header
from kiosk.ui.widgets.layout import Column, Row, Stack
from kiosk.ui.widgets.pressable import Act, PushButton
from kiosk.ui.widgets.surround import Surround
from kiosk.ui.widgets.words import Words


@dataclass(frozen=True)
class Here:
    """Where a screen is shown: what surrounds it, who hears of taps, where the camera picture comes from. `still`:
    nothing on it is to move for the sake of moving."""

    surround: Surround
    act: Act
    preview: Path
    still: bool = False

    @property
    def language(self) -> Language:
        return self.surround.language

    def say(self, text: Text, **facts: Any) -> str:
        return text.in_language(self.language).format(**facts)


class Screen(Column):
    """One page, built from its view-model. `step` is its place in the step bar, if it has one; `countdown_how`: what
    happens when nobody is there any more."""

    step: int | None = None
    countdown_how = wording.COUNTDOWN_HOW

    def __init__(self, page: Page, here: Here) -> None:
        self.here = here
        super().__init__()
        self.header: Header = here.surround.header
        foot = self.foot()
        self._lent: list[Widget] = [self.header, foot]
        self.add_widget(self.header)
        if self.step is not None:
            steps = here.surround.steps(self.step)
            self._lent.append(steps)
            self.add_widget(steps)
        self.add_widget(self.body(page))
        buttons = self.buttons(page)
        if buttons:
            self.add_widget(Row(*buttons, gap=GAP, margin=(MARGIN, 0), size_hint_y=None, height=mm(BUTTON)))
        self.add_widget(foot)

    def foot(self) -> Widget:
        """The last line of the page."""
        return self.here.surround.help_line

    def body(self, page: Any) -> Widget:
        """Everything between the steps and the buttons."""
        raise NotImplementedError

    def buttons(self, page: Any) -> list[PushButton]:
        """The bottom row. A page that does not say otherwise can be left."""
        return [self.leave()]

    def leave(self) -> PushButton:
        """The way out of this page."""
        return PushButton("cancel", self.here.say(wording.CANCEL), "stop", Cancel(), self.here.act)

    def renew(self, page: Any) -> bool:
        """Takes over a newer page of the same type in place. False: this screen must be built anew for it."""
        return False

    def close(self) -> None:
        """Gives back what was lent, stops what runs and forgets what is shown."""
        self.clear_widgets(self._lent)
        for widget in self.walk(restrict=True):
            if widget is not self and hasattr(widget, "close"):
                widget.close()
        self.clear_widgets()


def title(heading: str, sentence: str, align: str = "left") -> Stack:
    """The first thing to read on a page."""
    return Stack(Words(heading, TITLE, bold=True, align=align), Words(sentence, BODY, "ink_soft", align=align), gap=1.5)
