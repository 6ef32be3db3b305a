"""A tinted panel with a drawing, a heading and a sentence: news of the terminal, never only by colour."""

from kiosk.ui.theme.icons import Drawing
from kiosk.ui.theme.tokens import BODY, HEADING
from kiosk.ui.widgets.drawing import Badge
from kiosk.ui.widgets.layout import Ground, Row, Stack
from kiosk.ui.widgets.words import Words


class Notice(Row):
    """`tone` is "warn" or "good". As high as its text."""

    def __init__(self, icon: Drawing, heading: str, sentence: str, tone: str = "warn") -> None:
        texts = Stack(
            Words(heading, HEADING, tone, bold=True), Words(sentence, BODY, "ink"), gap=1, pos_hint={"center_y": 0.5}
        )
        super().__init__(Badge(icon, 24, "on_dark", tone), texts, gap=7, margin=(8, 8), size_hint_y=None)
        self.bind(minimum_height=self.setter("height"))
        Ground(self, f"{tone}_tint")
