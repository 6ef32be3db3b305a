"""Where the citizen is: four steps, the finished ones ticked."""

from kivy.graphics import Color, Rectangle
from kivy.metrics import mm
from kivy.uix.anchorlayout import AnchorLayout

from kiosk.pages import Language
from kiosk.ui import wording
from kiosk.ui.theme.tokens import COLOURS, MARGIN, SMALL
from kiosk.ui.widgets.drawing import Icon
from kiosk.ui.widgets.layout import Ground, Row, Space
from kiosk.ui.widgets.words import Caption


class StepBar(Row):
    """Step `here` (1..4) is the current one; 5 means that all are done."""

    def __init__(self, here: int, language: Language) -> None:
        super().__init__(gap=3, margin=(MARGIN, 0), size_hint_y=None, height=mm(22))
        with self.canvas.before:
            Color(*COLOURS["surface"])
            ground = Rectangle()
            Color(*COLOURS["line"])
            edge = Rectangle()

        def follow(*_: object) -> None:
            ground.pos, ground.size = self.pos, self.size
            edge.pos, edge.size = self.pos, (self.width, mm(0.3))

        self.bind(pos=follow, size=follow)
        for number, text in enumerate(wording.STEPS, 1):
            if number > 1:
                self.add_widget(_Dash(number <= here))
            self.add_widget(_Number(number, here))
            self.add_widget(
                Caption(
                    text.in_language(language),
                    size_mm=SMALL,
                    bold=number == here,
                    tone="ink" if number == here else "ink_soft",
                    pos_hint={"center_y": 0.5},
                )
            )


class _Number(AnchorLayout):
    def __init__(self, number: int, here: int) -> None:
        super().__init__(size_hint=(None, None), size=(mm(11), mm(11)), pos_hint={"center_y": 0.5})
        done = number < here
        Ground(self, "good" if done else "brand" if number == here else "line", 5.5)
        if done:
            self.add_widget(Icon("check", 7.4, "on_dark", weight=2.6))
        else:
            self.add_widget(
                Caption(str(number), size_mm=SMALL, bold=True, tone="on_dark" if number == here else "ink_soft")
            )


class _Dash(Space):
    def __init__(self, reached: bool) -> None:
        super().__init__()
        with self.canvas:
            Color(*COLOURS["good" if reached else "line"])
            dash = Rectangle()

        def follow(*_: object) -> None:
            dash.pos, dash.size = (self.x, self.y + self.height / 2 - mm(0.35)), (self.width, mm(0.7))

        self.bind(pos=follow, size=follow)
