"""Columns, rows and grounds: Kivy's boxes with lengths in millimetres and colours by name."""

from typing import Any

from kivy.graphics import Color, SmoothRoundedRectangle
from kivy.metrics import mm
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from kiosk.ui.theme.tokens import COLOURS, RADIUS, Rgba
from kiosk.ui.widgets.shadow import Shadow


class Column(BoxLayout):
    """Children from the top down, `gap` mm apart, inside `margin` mm (one length, or horizontal and vertical)."""

    direction = "vertical"

    def __init__(
        self, *children: Widget, gap: float = 0, margin: float | tuple[float, float] = 0, **properties: Any
    ) -> None:
        across, along = margin if isinstance(margin, tuple) else (margin, margin)
        super().__init__(orientation=self.direction, spacing=mm(gap), padding=(mm(across), mm(along)), **properties)
        for child in children:
            self.add_widget(child)


class Row(Column):
    """Children from left to right."""

    direction = "horizontal"


class Stack(Column):
    """A column as high as its children."""

    def __init__(self, *children: Widget, **properties: Any) -> None:
        super().__init__(*children, size_hint_y=None, **properties)
        self.bind(minimum_height=self.setter("height"))


class Space(Widget):
    """Room: `share` of what is left over, or a fixed height of `high` mm."""

    def __init__(self, share: float = 1, high: float | None = None) -> None:
        if high is None:
            super().__init__(size_hint=(share, share))
        else:
            super().__init__(size_hint_y=None, height=mm(high))


class Ground:
    """A rounded surface painted behind a widget; `tint` changes its colour in place."""

    def __init__(self, widget: Widget, colour: str | Rgba, radius: float = RADIUS, shadow: bool = False) -> None:
        self._widget, self._radius = widget, radius
        with widget.canvas.before:
            self._shadow = Shadow(radius) if shadow else None
            self._colour = Color(1, 1, 1, 1)
            self._shape = SmoothRoundedRectangle()
        self.tint(colour)
        # Kivy keeps bound methods weakly; the function keeps this object alive as long as its widget.
        widget.bind(pos=lambda *_: self._follow(), size=lambda *_: self._follow())
        self._follow()

    def tint(self, colour: str | Rgba) -> None:
        self._colour.rgba = COLOURS[colour] if isinstance(colour, str) else colour

    def _follow(self) -> None:
        size, pos = self._widget.size, self._widget.pos
        self._shape.pos, self._shape.size = pos, size
        self._shape.radius = [min(mm(self._radius), min(size) / 2)]
        if self._shadow:
            self._shadow.follow(pos, size)
