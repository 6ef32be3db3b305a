"""The soft shadow under a surface.

Kivy's own is a shader that works hard on every pixel of every frame. So it is painted once, small, and then stretched
in nine patches to the size that is wanted.
"""

import math
from functools import cache
from typing import Final

from kivy.graphics import BorderImage, BoxShadow, ClearBuffers, ClearColor, Color, Fbo
from kivy.graphics.texture import Texture
from kivy.metrics import Metrics, mm

from kiosk.ui.theme.tokens import COLOURS

_DROP: Final = 1.4
_REACH: Final = 12.0
"""How far outside a surface its shadow may be seen (mm)."""


class Shadow:
    """Belongs to the canvas that is open; `follow` puts it under a surface with corners of `radius` mm.

    `blur`: how soft it is. `shrink`: by how much it is smaller than the surface, on each side. Both in mm.
    """

    def __init__(self, radius: float, blur: float = 6.0, shrink: float = 1.0) -> None:
        Color(*COLOURS["shadow"])
        texture = _cast(radius, blur, shrink, Metrics.dpi)
        self._patches = BorderImage(texture=texture, border=[texture.width // 2 - 1] * 4)

    def follow(self, pos: tuple[float, float], size: tuple[float, float]) -> None:
        reach = _pixels(_REACH)
        self._patches.pos = (pos[0] - reach, pos[1] - reach)
        self._patches.size = (size[0] + 2 * reach, size[1] + 2 * reach)


@cache
def _cast(radius: float, blur: float, shrink: float, dpi: float) -> Texture:
    """The shadow of the smallest surface that has all corners and edges, in white on nothing; on a page that was turned
    on its panel (`dpi`) it is another one."""
    reach = _pixels(_REACH)
    side = 2 * _pixels(blur + radius) + 4
    paper = Fbo(size=(side + 2 * reach, side + 2 * reach))
    with paper:
        ClearColor(1, 1, 1, 0)
        ClearBuffers()
        Color(1, 1, 1, 1)
        BoxShadow(
            pos=(reach, reach),
            size=(side, side),
            offset=(0, -mm(_DROP)),
            blur_radius=mm(blur),
            spread_radius=(-mm(shrink), -mm(shrink)),
            border_radius=[mm(radius)] * 4,
        )
    paper.draw()
    return paper.texture


def _pixels(length: float) -> int:
    return math.ceil(float(mm(length)))
