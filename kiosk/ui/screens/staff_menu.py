"""What a technician may do, group by group, all of it on one page."""

from typing import Final

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.maintenance.pages import StaffMenu, Tile
from kiosk.maintenance.plan import Group
from kiosk.pages import Pick
from kiosk.ui import wording
from kiosk.ui.screens.staff import StaffScreen
from kiosk.ui.theme.tokens import BODY, DISPLAY, GAP, MARGIN, SMALL, TARGET
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.pressable import Pressable
from kiosk.ui.widgets.words import Caption, Words

_COLUMNS: Final = 3
_BETWEEN: Final = 3.6
_ROOM: Final = 340.0
"""What the groups may take of the page (mm)."""
_HEADING: Final = 12.0
_TALLEST: Final = 30.0


class StaffMenuScreen(StaffScreen):
    def body(self, page: StaffMenu) -> Widget:
        say = self.here.say
        role = Stack(
            Words(say(wording.STAFF_ROLES[page.role]), BODY, "brand", bold=True, align="center"), margin=(5, 2)
        )
        role.size_hint_x = 0.32
        role.pos_hint = {"center_y": 0.5}
        Ground(role, "brand_tint")
        head = Row(Words(say(wording.STAFF_MENU), DISPLAY, bold=True), role, gap=GAP, size_hint_y=None)
        head.bind(minimum_height=head.setter("height"))
        how = Words(say(wording.STAFF_MENU_HOW), SMALL, "ink_soft")
        column = Column(Stack(head, how, gap=1), gap=GAP * 0.7, margin=(MARGIN, 8))
        groups = [(group, tiles) for group in Group if (tiles := [each for each in page.tiles if each.group is group])]
        high = _height([len(tiles) for _, tiles in groups])
        for group, tiles in groups:
            column.add_widget(self._group(group, tiles, high))
        column.add_widget(Space())
        return column

    def _group(self, group: Group, tiles: list[Tile], high: float) -> Widget:
        icon, heading = wording.STAFF_GROUPS[group]
        caption = Caption(self.here.say(heading), size_mm=BODY, tone="ink_soft", bold=True, pos_hint={"center_y": 0.5})
        stack = Stack(
            Row(Icon(icon, 8, "brand"), caption, Space(), gap=3, size_hint_y=None, height=mm(_HEADING)), gap=1
        )
        rows = Stack(gap=_BETWEEN)
        for start in range(0, len(tiles), _COLUMNS):
            row = Row(gap=_BETWEEN, size_hint_y=None, height=mm(high))
            for place in range(start, start + _COLUMNS):
                row.add_widget(self._tile(tiles[place]) if place < len(tiles) else Space())
            rows.add_widget(row)
        stack.add_widget(rows)
        return stack

    def _tile(self, tile: Tile) -> Widget:
        name = tile.title.in_language(self.here.language)
        label = self.here.say(wording.STAFF_ASKS, title=name) if tile.changes else name
        grounds = ("surface", "brand_tint_pressed")
        button = Pressable(f"pick:{tile.name}", label, Pick(tile.name), self.here.act, grounds, padding=(mm(4), 0))
        button.ground = Ground(button, grounds[0])
        button.add_widget(Column(Space(), Words(label, SMALL, bold=True, align="center", lines=2), Space()))
        return button


def _height(sizes: list[int]) -> float:
    """Of one tile in mm: as high as all of them find room, and never too small for a finger."""
    rows = sum(-(-size // _COLUMNS) for size in sizes)
    left = _ROOM - len(sizes) * (_HEADING + 1 + GAP * 0.7 - _BETWEEN)
    return max(TARGET, min(_TALLEST, left / max(rows, 1) - _BETWEEN))
