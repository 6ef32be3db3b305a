"""Type the PIN. What is typed stays here until it goes to the card, and only its length is shown."""

from typing import Final

from kivy.uix.widget import Widget

from kiosk.maintenance.pages import StaffPin, TypedPin
from kiosk.ui import wording
from kiosk.ui.screens.base import title
from kiosk.ui.screens.staff import StaffScreen
from kiosk.ui.theme.tokens import BODY, DISPLAY, GAP, MARGIN
from kiosk.ui.widgets.keypad import DIGITS, Keypad
from kiosk.ui.widgets.layout import Column, Ground, Space, Stack
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.words import Words

_LEAST: Final = 6
_MOST: Final = 8
_KEYS_HIGH: Final = 40.0


class StaffPinScreen(StaffScreen):
    def body(self, page: StaffPin) -> Widget:
        say = self.here.say
        self._page, self._typed = page, ""
        self._dots = Words("", DISPLAY, "brand", bold=True, align="center")
        dots = Stack(self._dots, margin=(6, 6))
        Ground(dots, "surface")
        self._show_dots()
        column = Column(title(say(wording.STAFF_PIN), say(wording.STAFF_PIN_HOW)), gap=GAP, margin=(MARGIN, 10))
        if (news := self._news(page)) is not None:
            column.add_widget(news)
        column.add_widget(dots)
        delete = say(wording.OPEN_DELETE)
        column.add_widget(Keypad(DIGITS, _KEYS_HIGH, delete, self._press, self.here.act, enabled=page.wait_s == 0))
        if page.tries_left is not None:
            tries = say(wording.STAFF_PIN_TRIES, n=page.tries_left)
            column.add_widget(Words(tries, BODY, "ink_soft", align="center"))
        column.add_widget(Space())
        return column

    def buttons(self, page: StaffPin) -> list[PushButton]:
        self._go = self._go_on()
        return [self.leave(), self._go]

    def close(self) -> None:
        self._typed = ""
        super().close()

    def _news(self, page: StaffPin) -> Widget | None:
        """What must be known before the next try."""
        say = self.here.say
        if page.wait_s:
            return Notice("clock", say(wording.STAFF_PIN_WAIT, n=page.wait_s), say(wording.STAFF_PIN_WAIT_HOW))
        if page.tries_left == 1:
            return Notice("warning", say(wording.STAFF_PIN_LAST), say(wording.STAFF_PIN_LAST_HOW))
        if page.wrong:
            return Notice("warning", say(wording.STAFF_PIN_WRONG), say(wording.STAFF_PIN_WRONG_HOW))
        return None

    def _press(self, key: str) -> None:
        self._typed = self._typed[:-1] if key == "<" else (self._typed + key)[:_MOST]
        self._show_dots()
        row = self._go.parent
        row.remove_widget(self._go)
        self._go = self._go_on()
        row.add_widget(self._go)

    def _show_dots(self) -> None:
        self._dots.say(" ".join("●" * len(self._typed) + "○" * (_LEAST - len(self._typed))))

    def _go_on(self) -> PushButton:
        whole, here = len(self._typed) >= _LEAST, self.here
        label = here.say(wording.STAFF_PIN_GO_ON)
        return PushButton("log-in", label, "key", TypedPin(self._typed), here.act, filled=whole, enabled=whole)
