"""What can be tapped: one behaviour, and the button and the tile that have it."""

from collections.abc import Callable
from typing import Any

from kivy.metrics import mm
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout

from kiosk.pages import Action, Kind, Language, Pick
from kiosk.ui import wording
from kiosk.ui.theme.icons import Drawing, of_a_kind
from kiosk.ui.theme.tokens import BODY, BUTTON, GAP, SMALL, TILE_TONES
from kiosk.ui.widgets.drawing import Badge, Icon
from kiosk.ui.widgets.layout import Column, Ground, Row, Space
from kiosk.ui.widgets.words import Caption, Words

Act = Callable[[Action], None]

_ROUND = 7.0
_FELT_SECONDS = 0.12
"""How long even the shortest tap is shown."""


class Pressable(ButtonBehavior, BoxLayout):
    """Sends `action` when the finger lifts, shows at the touch that it was felt. `name`: its id, `label`: its text."""

    def __init__(
        self, name: str, label: str, action: Action, act: Act, grounds: tuple[Any, Any], **properties: Any
    ) -> None:
        super().__init__(min_state_time=_FELT_SECONDS, **properties)
        self.name, self.label, self._action, self._act, self._grounds = name, label, action, act, grounds
        self.ground: Ground | None = None

    def on_state(self, _: Any, state: str) -> None:
        if self.ground:
            self.ground.tint(self._grounds[state == "down"])

    def on_press(self) -> None:
        self.last_touch.ud["pressed"] = self  # a touch knows its widgets weakly, and an update may replace this one

    def on_release(self) -> None:
        self._act(self._action)


class PushButton(Pressable):
    """A drawing and one line in a rounded bar. The main one of a page is `filled`."""

    def __init__(
        self,
        name: str,
        label: str,
        icon: Drawing,
        action: Action,
        act: Act,
        filled: bool = False,
        enabled: bool = True,
        high: float = BUTTON,
        share: float = 1,
    ) -> None:
        grounds = ("brand", "brand_pressed") if filled else ("brand_tint", "brand_tint_pressed")
        tone = "on_dark" if filled else "brand"
        if not enabled:
            grounds, tone = ("disabled", "disabled"), "on_disabled"
        super().__init__(
            name,
            label,
            action,
            act,
            grounds,
            size_hint=(share, None),
            height=mm(high),
            spacing=mm(3.6),
            padding=(mm(5), 0),
        )
        self.disabled = not enabled
        self.ground = Ground(self, grounds[0], _ROUND)
        caption = Caption(label, bold=True, size_mm=BODY + 0.6, tone=tone, pos_hint={"center_y": 0.5})
        for part in (Space(), Icon(icon, 10, tone), caption, Space()):
            self.add_widget(part)


class KindTile(Pressable):
    """One kind of certificate: drawing, title, note. Sends `Pick`. `larger`: by how much its content is, in mm em."""

    def __init__(
        self, kind: Kind, language: Language, turn: int, act: Act, enabled: bool = True, larger: float = 0
    ) -> None:
        title = kind.title.in_language(language)
        grounds = ("surface", "brand_tint_pressed") if enabled else ("disabled", "disabled")
        super().__init__(
            f"pick:{kind.code}", title, Pick(kind.code), act, grounds, spacing=mm(GAP), padding=(mm(6), mm(4))
        )
        self.disabled = not enabled
        self.ground = Ground(self, grounds[0], shadow=enabled)
        tone, tint = TILE_TONES[turn % len(TILE_TONES)] if enabled else ("on_disabled", "line")
        heading = Words(title, BODY + 0.6 + larger, "ink" if enabled else "on_disabled", bold=True, lines=2)
        note_text = kind.note.in_language(language) if enabled else wording.NOT_NOW.in_language(language)
        note = Words(note_text, SMALL + larger / 2, "ink_soft" if enabled else "on_disabled", lines=2)
        self.add_widget(Badge(of_a_kind(kind.icon), 26 + 6 * larger, tone, tint))
        self.add_widget(Column(Space(), heading, note, Space(), gap=0.5))


def tiles(
    kinds: tuple[Kind, ...], language: Language, act: Act, high: float, columns: int, enabled: bool = True
) -> Column:
    """The kinds as tiles of `high` mm, row by row. Where a tile has a row of its own, its content is larger."""
    larger = 1.2 if columns == 1 else 0
    rows = [kinds[start : start + columns] for start in range(0, len(kinds), columns)]
    column = Column(gap=GAP, size_hint_y=None)
    column.height = mm(len(rows) * (high + GAP) - GAP)
    for number, kinds_of_row in enumerate(rows):
        row = Row(gap=GAP)
        for place in range(columns):
            if place < len(kinds_of_row):
                turn = number * columns + place
                row.add_widget(KindTile(kinds_of_row[place], language, turn, act, enabled, larger))
            else:
                row.add_widget(Space())
        column.add_widget(row)
    return column
