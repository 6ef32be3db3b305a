"""Type what opens the chip of a travel document: two ways, one keypad. What E01 has to do with it: kiosk.opening.

What is typed stays here until it is whole; each key tells the desk no more than that somebody is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.pages import DOCUMENT_NUMBER_MOST, OpenDocument, OtherWay, StillHere, Text, TypedCan, TypedMrz, Way
from kiosk.ui import wording
from kiosk.ui.screens.base import Screen, title
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, SMALL
from kiosk.ui.widgets.keypad import DIGITS, Keypad
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.notice import Notice
from kiosk.ui.widgets.pressable import Act, Pressable, PushButton
from kiosk.ui.widgets.words import Caption, Words

_LETTERS: Final = ("1234567890", "ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ<")
_HIGH: Final[dict[tuple[str, ...], float]] = {DIGITS: 32.0, _LETTERS: 30.0}


@dataclass(frozen=True, slots=True)
class _Blank:
    """One thing to be typed: at most so many characters, of these keys."""

    name: str
    label: Text
    most: int
    keys: tuple[str, ...] = DIGITS

    @property
    def is_day(self) -> bool:
        return self.most == 8

    def whole(self, typed: str) -> bool:
        if self.is_day:
            return len(typed) == self.most and _is_day(typed)
        return len(typed) == self.most or (self.keys is _LETTERS and bool(typed))

    def shown(self, typed: str) -> str:
        return " ".join(filter(None, (typed[:4], typed[4:6], typed[6:]))) if self.is_day else typed


_BLANKS: Final = {
    Way.MRZ: (
        _Blank("number", wording.OPEN_NUMBER, DOCUMENT_NUMBER_MOST, _LETTERS),
        _Blank("birth", wording.OPEN_BIRTH, 8),
        _Blank("expiry", wording.OPEN_EXPIRY, 8),
    ),
    Way.CAN: (_Blank("can", wording.OPEN_CAN, 6),),
}


class OpenDocumentScreen(Screen):
    step = 1

    def body(self, page: OpenDocument) -> Widget:
        here = self.here
        self._page = page
        self._typed = {blank.name: "" for blank in _BLANKS[page.way]}
        self._fields = {
            blank.name: _Field(blank, here.say(blank.label), self._turn_to, here.act) for blank in self._blanks
        }
        self._pad = Stack()
        column = Column(
            title(here.say(wording.OPEN_TITLE), here.say(wording.OPEN_LEADS[page.way])), gap=GAP, margin=(MARGIN, 10)
        )
        if page.tries_left is not None:
            how = here.say(wording.OPEN_REFUSED_HOW, n=page.tries_left)
            column.add_widget(Notice("warning", here.say(wording.OPEN_REFUSED), how))
        days = [self._fields[blank.name] for blank in self._blanks if blank.is_day]
        for blank in self._blanks:
            if not blank.is_day:
                column.add_widget(self._fields[blank.name])
        if days:
            column.add_widget(Row(*days, gap=GAP, size_hint_y=None, height=mm(_Field.HIGH)))
        column.add_widget(self._pad)
        column.add_widget(Words(here.say(wording.OPEN_WHY), BODY, "ink_soft"))
        column.add_widget(Space())
        other = here.say(wording.OPEN_OTHER_WAY[page.way])
        column.add_widget(PushButton("other-way", other, "again", OtherWay(), here.act))
        self._turn_to(self._blanks[0])
        return column

    def buttons(self, page: OpenDocument) -> list[PushButton]:
        self._go = self._go_on()
        return [self.leave(), self._go]

    def renew(self, page: OpenDocument) -> bool:
        return page == self._page

    def close(self) -> None:
        self._typed.clear()
        super().close()

    @property
    def _blanks(self) -> tuple[_Blank, ...]:
        return _BLANKS[self._page.way]

    def _turn_to(self, blank: _Blank) -> None:
        """Which blank the keys fill."""
        self._blank = blank
        for name, field in self._fields.items():
            field.show(self._typed[name], active=name == blank.name, hint=self.here.say(wording.OPEN_DAY))
        self._pad.clear_widgets()
        delete = self.here.say(wording.OPEN_DELETE)
        self._pad.add_widget(Keypad(blank.keys, _HIGH[blank.keys], delete, self._press, self.here.act))

    def _press(self, key: str) -> None:
        before = self._typed[self._blank.name]
        now = before[:-1] if key == "<" else (before + key)[: self._blank.most]
        self._typed[self._blank.name] = now
        if self._blank.is_day and self._blank.whole(now) and len(before) < len(now):
            self._turn_to(self._next())
        else:
            hint = self.here.say(wording.OPEN_DAY)
            self._fields[self._blank.name].show(now, active=True, hint=hint)
        self._refresh_go()

    def _next(self) -> _Blank:
        """The first blank that is not whole yet, else the one that was filled last."""
        return next((each for each in self._blanks if not each.whole(self._typed[each.name])), self._blank)

    @property
    def _whole(self) -> bool:
        return all(blank.whole(self._typed[blank.name]) for blank in self._blanks)

    def _go_on(self) -> PushButton:
        typed = self._typed
        said = TypedCan(typed["can"]) if self._page.way is Way.CAN else TypedMrz(*typed.values())
        here = self.here
        return PushButton(
            "open", here.say(wording.OPEN_GO_ON), "right", said, here.act, filled=self._whole, enabled=self._whole
        )

    def _refresh_go(self) -> None:
        row = self._go.parent
        row.remove_widget(self._go)
        self._go = self._go_on()
        row.add_widget(self._go)


class _Field(Pressable):
    """A blank with its name and what was typed so far; a tap turns the keys to it."""

    HIGH: Final = 30.0

    def __init__(self, blank: _Blank, label: str, turn_to: Callable[[_Blank], None], act: Act) -> None:
        super().__init__(
            f"blank:{blank.name}",
            label,
            StillHere(),
            act,
            ("surface", "brand_tint_pressed"),
            size_hint_y=None,
            height=mm(self.HIGH),
            padding=(mm(5), 0),
        )
        self._blank, self._turn_to = blank, turn_to
        self.ground = Ground(self, "surface")
        # Not Words: they remember how wide a word is, and what a citizen typed must not be remembered.
        self._value = Caption("", size_mm=HEADING, bold=True)
        self.add_widget(Column(Space(), Words(label, SMALL, "ink_soft", lines=1), self._value, Space(), gap=0.5))

    def show(self, typed: str, *, active: bool, hint: str) -> None:
        """What was typed; else, in a day, how it is written."""
        empty = hint if self._blank.is_day else "—"
        self._value.say(self._blank.shown(typed) or empty)
        self._value.tint("ink" if typed else "on_disabled")
        self._grounds = ("brand_tint" if active else "surface", "brand_tint_pressed")
        assert self.ground is not None
        self.ground.tint(self._grounds[0])

    def on_release(self) -> None:
        self._turn_to(self._blank)
        super().on_release()


def _is_day(typed: str) -> bool:
    try:
        date.fromisoformat(f"{typed[:4]}-{typed[4:6]}-{typed[6:]}")
    except ValueError:
        return False
    return True
