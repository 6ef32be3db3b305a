"""An entry at work: what it says as it says it, what to do about it, and how it is at this moment."""

from typing import Final

from kivy.metrics import mm
from kivy.uix.widget import Widget

from kiosk.health.findings import Level
from kiosk.maintenance.line import Line, Live, Number
from kiosk.maintenance.pages import Back, StaffRun
from kiosk.pages import Zone
from kiosk.preview import PreviewRing
from kiosk.ui import wording
from kiosk.ui.screens.base import Here
from kiosk.ui.screens.staff import StaffScreen
from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, GAP, HEADING, MARGIN, SMALL, TITLE
from kiosk.ui.widgets.activity import Activity
from kiosk.ui.widgets.camera import CameraView
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.layout import Column, Ground, Row, Space, Stack
from kiosk.ui.widgets.pressable import PushButton
from kiosk.ui.widgets.roll import Roll
from kiosk.ui.widgets.words import Words

_SIGNS: Final[dict[Level, tuple[Drawing, str, str]]] = {
    Level.OK: ("check", "good", "surface"),
    Level.WARN: ("warning", "warn", "warn_tint"),
    Level.FAIL: ("stop", "seal", "fail_tint"),
}
"""Drawing, its tone and the ground: never only a colour."""
_CAMERA_HIGH: Final = 150.0
_COLUMNS: Final = 3


class StaffRunScreen(StaffScreen):
    """Follows the entry without being rebuilt: lines are added, numbers change in place."""

    def body(self, page: StaffRun) -> Widget:
        here = self.here
        self._page = page
        self._camera: CameraView | None = None
        self._state = Words("", BODY, "ink_soft")
        self._beat: Activity | None = None
        head = Stack(Words(page.title.in_language(here.language), TITLE, bold=True), self._state, gap=1.5)
        self._numbers: _Numbers | None = None
        self._roll = Roll(gap=3)
        self._column = Column(head, self._roll, gap=GAP, margin=(MARGIN, 10))
        self._lines = 0
        self._show(page)
        return self._column

    def buttons(self, page: StaffRun) -> list[PushButton]:
        here = self.here
        icon: Drawing = "left" if page.over else "stop"
        label = here.say(wording.STAFF_BACK if page.over else wording.STAFF_STOP)
        self._back = PushButton("back", label, icon, Back(), here.act, filled=page.over)
        return [self._back]

    def renew(self, page: StaffRun) -> bool:
        if page.title != self._page.title or page.over != self._page.over:
            return False
        if page.lines[: self._lines] != self._page.lines[: self._lines]:
            return False
        self._show(page)
        return True

    def _show(self, page: StaffRun) -> None:
        self._page = page
        words, tone = self._in_a_word(page)
        self._state.say(words)
        self._state.tint(tone)
        for line in page.lines[self._lines :]:
            self._roll.add(_line(line, self.here))
        self._lines = len(page.lines)
        if page.live is not None:
            self._show_live(page.live, page.over)
        if self._beat is None and not page.over:
            self._beat = Activity()
            self._column.add_widget(self._beat)

    def _in_a_word(self, page: StaffRun) -> tuple[str, str]:
        """How it goes, or went; and the tone of that."""
        say = self.here.say
        if not page.over:
            return say(wording.STAFF_RUNNING), "ink_soft"
        for level, words in ((Level.FAIL, wording.STAFF_OVER_FAIL), (Level.WARN, wording.STAFF_OVER_WARN)):
            if count := sum(line.level is level for line in page.lines):
                return say(words, n=count), _SIGNS[level][1]
        return say(wording.STAFF_OVER), "good"

    def _show_live(self, live: Live, over: bool) -> None:
        """Above the lines: the numbers, and over them the camera's picture while the entry has it in the ring."""
        if self._numbers is None:
            self._numbers = _Numbers(self.here)
            self._column.add_widget(self._numbers, index=self._column.children.index(self._roll) + 1)
        self._numbers.show(live)
        if self._camera is None and not over and _has_picture(self.here):
            self._camera = CameraView(self.here.preview, 0.0, Zone.MIDDLE, still=True)
            self._camera.size_hint_y, self._camera.height = None, mm(_CAMERA_HIGH)
            self._column.add_widget(self._camera, index=self._column.children.index(self._numbers) + 1)


class _Numbers(Stack):
    """Values that change, in tiles."""

    def __init__(self, here: Here) -> None:
        super().__init__(gap=3)
        self._here = here
        self._names: list[str] = []
        self._tiles: list[_Number] = []

    def show(self, live: Live) -> None:
        numbers = live.numbers
        names = [number.name.in_language(self._here.language) for number in numbers]
        if names != self._names:
            self._names = names
            self._lay(numbers)
        for tile, number in zip(self._tiles, numbers, strict=True):
            tile.show(number)

    def _lay(self, numbers: tuple[Number, ...]) -> None:
        self.clear_widgets()
        self._tiles = [_Number(number.name.in_language(self._here.language)) for number in numbers]
        for start in range(0, len(self._tiles), _COLUMNS):
            row = Row(gap=3, size_hint_y=None, height=mm(_Number.HIGH))
            for place in range(start, start + _COLUMNS):
                row.add_widget(self._tiles[place] if place < len(self._tiles) else Space())
            self.add_widget(row)


class _Number(Row):
    HIGH: Final = 26.0

    def __init__(self, name: str) -> None:
        self._value = Words("", HEADING, bold=True, lines=1)
        self._sign = Icon("check", 9, "good")
        texts = Column(Space(), Words(name, SMALL, "ink_soft", lines=1), self._value, Space())
        super().__init__(texts, self._sign, gap=2, margin=(5, 0))
        self._ground = Ground(self, "surface")

    def show(self, number: Number) -> None:
        self._value.say(number.value)
        icon, tone, ground = _SIGNS[Level.OK if number.well else Level.WARN]
        self._sign.change(icon, tone)
        self._ground.tint(ground)


def _line(line: Line, here: Here) -> Widget:
    icon, tone, ground = _SIGNS[line.level]
    says = Words(line.says.in_language(here.language), BODY)
    texts = Stack(says, gap=1, pos_hint={"center_y": 0.5})
    if line.remedy is not None:
        texts.add_widget(Words(line.remedy.in_language(here.language), SMALL, "ink_soft"))
    row = Row(Icon(icon, 10, tone), texts, gap=5, margin=(6, 4), size_hint_y=None)
    row.bind(minimum_height=row.setter("height"))
    Ground(row, ground)
    return row


def _has_picture(here: Here) -> bool:
    try:
        ring = PreviewRing.reading(here.preview)
    except (OSError, ValueError):  # the vision process has not made it yet
        return False
    try:
        return ring.sequence > 0
    finally:
        ring.close()
