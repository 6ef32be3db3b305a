"""The round red stamp of an agency as a drawing: rim, star, the name along the upper arc, a code along the lower one.

As departments have them: 42 mm across, a five-pointed star, the name read from left to right around it. All of it is
outlines, the characters too: a picture, not text, so it adds nothing to what is extracted from the page. What makes a
document genuine is the seal on its bytes (seal.py).
"""

import math
from functools import cache
from typing import Any, Final

from fontTools.pens.basePen import BasePen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from platform_client.sandbox.catalogue import STAMP_PURPOSE, Agency
from platform_client.sandbox.typeface import Typecase

RADIUS_MM: Final = 21.0
_RED: Final = "0.784 0.063 0.102"
_RIM_MM: Final = 1.2
_STAR_MM: Final = 6.6
_NAME_RADIUS_MM: Final = 15.6
_NAME_MM: Final = 4.7
_NAME_ARC_DEG: Final = 236.0
_LINE_MM: Final = 3.1
_CODE_RADIUS_MM: Final = 18.3
_CODE_MM: Final = 1.9
_CODE_STEP_DEG: Final = 5.6
_PT_PER_MM: Final = 72 / 25.4


class _Operators(BasePen):  # type: ignore[misc]
    """A pen that writes the path operators of a content stream (ISO 32000-2, 8.5.2), in millimetres."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.written: list[str] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:
        self._write("m", pt)

    def _lineTo(self, pt: tuple[float, float]) -> None:
        self._write("l", pt)

    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:
        self._write("c", pt1, pt2, pt3)

    def _closePath(self) -> None:
        self.written.append("h")

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        numbers = " ".join(f"{value:.3f}" for point in points for value in point)
        self.written.append(f"{numbers} {operator}")


def stamped(agency: Agency, typecase: Typecase, x_mm: float, y_mm: float, page_height_mm: float) -> str:
    """Content-stream operators that stamp `agency` with its centre at x, y from the page's upper left corner."""
    place = (
        f"{_PT_PER_MM:.5f} 0 0 {_PT_PER_MM:.5f} {x_mm * _PT_PER_MM:.3f} {(page_height_mm - y_mm) * _PT_PER_MM:.3f} cm"
    )
    return f"q {place} {_drawing(agency, typecase)} Q"


@cache
def _drawing(agency: Agency, typecase: Typecase) -> str:
    """Around the origin, y upwards, in millimetres; the same for every document."""
    with TTFont(typecase.bold.file, lazy=True) as font:
        characters = font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
        name = agency.name.zh
        step = min(26.0, _NAME_ARC_DEG / max(len(name) - 1, 1))
        parts = [f"{_RED} rg {_RED} RG", _rim(), _star(), "f"]
        for place, character in enumerate(name):
            angle = step * ((len(name) - 1) / 2 - place)
            parts.append(_outline(characters, character, _NAME_MM, angle, _NAME_RADIUS_MM))
        for place, character in enumerate(STAMP_PURPOSE):
            across = (place - (len(STAMP_PURPOSE) - 1) / 2) * _LINE_MM * 1.15
            parts.append(_outline(characters, character, _LINE_MM, 0.0, 0.0, across, -11.6))
        code = _code(agency)
        for place, digit in enumerate(code):
            angle = _CODE_STEP_DEG * (place - (len(code) - 1) / 2)
            parts.append(_outline(characters, digit, _CODE_MM, angle, -_CODE_RADIUS_MM))
    return "\n".join(parts)


def _outline(
    characters: tuple[Any, Any, int],
    character: str,
    size_mm: float,
    turned_deg: float,
    radius_mm: float,
    across_mm: float = 0.0,
    up_mm: float = 0.0,
) -> str:
    """One filled character, turned counter-clockwise around the middle. A negative radius lies below it."""
    glyphs, cmap, units = characters
    glyph = glyphs[cmap[ord(character)]]
    scale = size_mm / units
    angle = math.radians(turned_deg)
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    # The character's own middle: half its width, and a little under half of the em above the base line.
    middle, half = glyph.width / 2, units * 0.36
    centre_x = across_mm - radius_mm * math.sin(angle)
    centre_y = up_mm + radius_mm * math.cos(angle)
    pen = _Operators(glyphs)
    glyph.draw(
        TransformPen(
            pen,
            (cos, sin, -sin, cos, centre_x - cos * middle + sin * half, centre_y - sin * middle - cos * half),
        )
    )
    return "\n".join([*pen.written, "f"])


def _rim() -> str:
    """A circle of four curves, stroked."""
    r, k = RADIUS_MM - _RIM_MM / 2, (RADIUS_MM - _RIM_MM / 2) * 0.5522848
    right = f"{r} 0 m {r} {k} {k} {r} 0 {r} c {-k} {r} {-r} {k} {-r} 0 c"
    left = f"{-r} {-k} {-k} {-r} 0 {-r} c {k} {-r} {r} {-k} {r} 0 c"
    return f"{_RIM_MM} w {right} {left} s"


def _star() -> str:
    """Five points, one upwards."""
    corners = []
    for place in range(10):
        reach = _STAR_MM if place % 2 == 0 else _STAR_MM * 0.382
        angle = math.radians(90 + 36 * place)
        corners.append(f"{reach * math.cos(angle):.3f} {reach * math.sin(angle):.3f} {'l' if place else 'm'}")
    return " ".join([*corners, "h"])


def _code(agency: Agency) -> str:
    """Thirteen digits, as every registered stamp has; 9999 is no region."""
    number = int.from_bytes(agency.code.encode(), "big") % 10**9
    return f"9999{number:09}"
