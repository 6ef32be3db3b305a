"""The touch grid: fields from edge to edge that change colour where a finger was, also one that slides over them."""

from typing import Any, Final

from kivy.graphics import Color, Line, Rectangle
from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.maintenance.pages import Back, StaffTouch, Touched
from kiosk.ui import wording
from kiosk.ui.screens.staff import StaffScreen
from kiosk.ui.theme.tokens import COLOURS, GAP, TITLE
from kiosk.ui.widgets.layout import Column, Stack
from kiosk.ui.widgets.pressable import Act, PushButton
from kiosk.ui.widgets.words import Words

_LINE_MM: Final = 0.3


class StaffTouchScreen(StaffScreen):
    def body(self, page: StaffTouch) -> Widget:
        self._page = page
        self._grid = _Grid(page, self.here.act)
        head = Stack(
            Words(page.title.in_language(self.here.language), TITLE, bold=True, align="center"),
            Words(self.here.say(wording.STAFF_TOUCH_HOW), align="center"),
            margin=(0, 4),
        )
        return Column(head, self._grid, gap=GAP * 0.5)

    def buttons(self, page: StaffTouch) -> list[PushButton]:
        here = self.here
        return [PushButton("back", here.say(wording.STAFF_STOP), "stop", Back(), here.act)]

    def renew(self, page: StaffTouch) -> bool:
        self._page = page
        self._grid.show(page)
        return True


class _Grid(Widget):
    """Fields are counted from the upper left, row by row."""

    def __init__(self, page: StaffTouch, act: Act) -> None:
        super().__init__()
        self._page, self._act = page, act
        self._fields: list[tuple[Color, Rectangle]] = []
        with self.canvas:
            for _ in range(page.columns * page.rows):
                self._fields.append((Color(), Rectangle()))
            Color(*COLOURS["ink_soft"])
            self._lines = [Line(width=mm(_LINE_MM)) for _ in range(page.columns + page.rows + 2)]
        self.bind(pos=self._lay, size=self._lay)
        self.show(page)

    def show(self, page: StaffTouch) -> None:
        self._page = page
        touched = set(page.touched)
        for number, (colour, _) in enumerate(self._fields):
            colour.rgba = COLOURS["ring" if number in touched else "surface"]

    def on_touch_down(self, touch: Any) -> bool:
        return self._feel(touch)

    def on_touch_move(self, touch: Any) -> bool:
        return self._feel(touch)

    def _feel(self, touch: Any) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        columns, rows = self._page.columns, self._page.rows
        column = min(int((touch.x - self.x) / self.width * columns), columns - 1)
        row = min(int((self.top - touch.y) / self.height * rows), rows - 1)
        self._act(Touched(row * columns + column))
        return True

    def _lay(self, *_: Any) -> None:
        columns, rows = self._page.columns, self._page.rows
        wide, high = self.width / columns, self.height / rows
        for number, (_, shape) in enumerate(self._fields):
            row, column = divmod(number, columns)
            shape.pos, shape.size = (self.x + column * wide, self.top - (row + 1) * high), (wide, high)
        across = [(self.x, self.y + row * high, self.right, self.y + row * high) for row in range(rows + 1)]
        along = [(self.x + column * wide, self.y, self.x + column * wide, self.top) for column in range(columns + 1)]
        for line, points in zip(self._lines, (*across, *along), strict=True):
            line.points = points
