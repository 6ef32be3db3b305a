"""The line drawings and the pictures of `theme`, as widgets."""

import math
from functools import cache
from itertools import pairwise
from typing import Any, Final

from kivy.clock import Clock
from kivy.graphics import (
    ClearBuffers,
    ClearColor,
    Color,
    Fbo,
    Rectangle,
    SmoothEllipse,
    SmoothLine,
    SmoothRoundedRectangle,
)
from kivy.graphics.texture import Texture
from kivy.metrics import mm
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.widget import Widget

from kiosk.ui.theme import scenes
from kiosk.ui.theme.icons import Drawing, Point, flatten, polylines
from kiosk.ui.theme.tokens import COLOURS, Rgba
from kiosk.ui.widgets.layout import Ground

_FRINGE: Final = 1.8
"""Pixels by which the smoothed edge of a line eats into its width, but not into a dot's."""
_SHARP: Final = math.cos(math.radians(25))


@cache
def stencil(name: Drawing, size: int, weight: float) -> Texture:
    """The drawing `name`, `size` pixels square, in white on nothing: drawn once, to be painted in any colour."""
    unit = size / 24
    paper = _paper()
    paper.size = (size, size)
    with paper:
        ClearColor(1, 1, 1, 0)
        ClearBuffers()
        for points in polylines(name):
            _draw_line([(x * unit, size - y * unit) for x, y in points], weight * unit)
    paper.draw()
    drawn = paper.texture
    paper.clear()
    paper.size = (1, 1)  # what was drawn is no longer its own
    return drawn


@cache
def _paper() -> Fbo:
    """One for all drawings: each has a shader of its own, which takes longer to make than a drawing."""
    return Fbo(size=(1, 1))


class Icon(Widget):
    """The drawing `name` in `tone`, `size_mm` square."""

    def __init__(self, name: Drawing, size_mm: float, tone: str | Rgba = "ink", weight: float = 1.8) -> None:
        super().__init__(
            size_hint=(None, None), size=(mm(size_mm), mm(size_mm)), pos_hint={"center_x": 0.5, "center_y": 0.5}
        )
        self._weight = weight
        with self.canvas:
            self._colour = Color()
            self._drawing = Rectangle()
        self.bind(pos=self._follow)
        self._follow()
        self.change(name, tone)

    def change(self, name: Drawing, tone: str | Rgba | None = None) -> None:
        self._drawing.texture = stencil(name, round(self.width), self._weight)
        self._drawing.size = self._drawing.texture.size
        if tone is not None:
            self._colour.rgba = COLOURS[tone] if isinstance(tone, str) else tone

    def _follow(self, *_: Any) -> None:
        self._drawing.pos = (round(self.x), round(self.y))


class Badge(AnchorLayout):
    """A drawing on its own ground."""

    def __init__(
        self,
        name: Drawing,
        size_mm: float,
        tone: str | Rgba = "brand",
        ground: str | Rgba = "brand_tint",
        radius: float | None = None,
    ) -> None:
        super().__init__(
            size_hint=(None, None), size=(mm(size_mm), mm(size_mm)), pos_hint={"center_x": 0.5, "center_y": 0.5}
        )
        self.ground = Ground(self, ground, size_mm * 0.2 if radius is None else radius)
        self.icon = Icon(name, size_mm * 0.64, tone)
        self.add_widget(self.icon)


class Scene(Widget):
    """The picture `name` of `theme.scenes`, as large as its box allows. Redrawn once per frame at most."""

    def __init__(self, name: str, **properties: Any) -> None:
        self.name = name
        super().__init__(**properties)
        again = Clock.create_trigger(self._draw, -1)
        self.bind(pos=again, size=again)
        again()

    def _draw(self, *_: Any) -> None:
        unit = min(self.width / scenes.WIDTH, self.height / scenes.HEIGHT)
        left, top = self.center_x - (scenes.LEFT + scenes.WIDTH / 2) * unit, self.center_y + scenes.HEIGHT * unit / 2
        self.canvas.clear()
        with self.canvas:
            for shape in scenes.SCENES[self.name]:
                Color(*COLOURS[shape[1]])
                match shape:
                    case ("box", _, x, y, width, height, radius):
                        SmoothRoundedRectangle(
                            pos=(left + x * unit, top - (y + height) * unit),
                            size=(width * unit, height * unit),
                            radius=[radius * unit],
                        )
                    case ("line", _, thickness, stroke):
                        _draw_line([(left + x * unit, top - y * unit) for x, y in flatten(stroke)], thickness * unit)


def _draw_line(points: list[Point], thickness: float) -> None:
    """A line with round ends and corners; Kivy's smooth line has spikes there, and a dot would draw nothing."""
    corners = [0, *_corners(points), len(points) - 1]
    for start, end in pairwise(corners):
        SmoothLine(points=[v for point in points[start : end + 1] for v in point], width=max(thickness / 2, 1.01))
    across = max(thickness - _FRINGE, 1.0)
    for x, y in (points[corner] for corner in corners):
        SmoothEllipse(pos=(x - across / 2, y - across / 2), size=(across, across), segments=24)


def _corners(points: list[Point]) -> list[int]:
    """Where a line turns sharply, as indices."""
    found = []
    for number, (before, at, after) in enumerate(zip(points, points[1:], points[2:], strict=False), 1):
        turn = math.atan2(after[1] - at[1], after[0] - at[0]) - math.atan2(at[1] - before[1], at[0] - before[0])
        if math.cos(turn) < _SHARP:
            found.append(number)
    return found
