"""Pictures that show what to do with the card and the paper: flat shapes on a grid, y downwards, at rest.

A shape is ("box", colour, x, y, width, height, radius) or ("line", colour, thickness, stroke), a stroke as in
`icons`. Colours are names of `tokens.COLOURS`. Shapes are painted in order.
"""

from typing import Final

from kiosk.ui.theme.icons import Stroke

Box = tuple[str, str, float, float, float, float, float]
Line = tuple[str, str, float, Stroke]
Shape = Box | Line

LEFT: Final = 18
WIDTH: Final = 124
HEIGHT: Final = 100
"""What is seen of the grid, from the top: its middle is at 80."""


def _card(x: float, y: float) -> tuple[Shape, ...]:
    """An identity card, 54 x 34."""
    return (
        ("box", "line", x - 0.8, y + 0.6, 55.6, 35, 4),
        ("box", "surface", x, y, 54, 34, 3.6),
        ("box", "brand_tint", x + 35, y + 6, 14, 18, 2),
        ("line", "brand", 1.4, ("o", x + 42, y + 12.4, 2.9)),
        ("line", "brand", 1.4, f"M{x + 37} {y + 22.6} C{x + 38} {y + 16.8} {x + 46} {y + 16.8} {x + 47} {y + 22.6}"),
        ("line", "ink_soft", 1.6, f"M{x + 6} {y + 9} H{x + 21}"),
        ("line", "paper_line", 1.6, f"M{x + 6} {y + 15} H{x + 28}"),
        ("line", "paper_line", 1.6, f"M{x + 6} {y + 21} H{x + 25}"),
        ("line", "ink_soft", 1.6, f"M{x + 6} {y + 28.4} H{x + 48}"),
    )


def _sheet(x: float, y: float, height: float) -> tuple[Shape, ...]:
    """The upper part of a certificate, 48 wide."""
    lines: list[Shape] = [
        ("box", "line", x - 0.8, y - 0.4, 49.6, height + 0.8, 2),
        ("box", "surface", x, y, 48, height, 1.6),
        ("line", "ink_soft", 1.8, f"M{x + 14} {y + 7} H{x + 34}"),
    ]
    lines += [("line", "paper_line", 1.4, f"M{x + 7} {y + at} H{x + 41}") for at in range(14, int(height) - 5, 6)]
    if height > 40:
        lines += [
            ("line", "seal", 1.5, ("o", x + 35, y + height - 11, 6)),
            ("line", "seal", 1.3, ("o", x + 35, y + height - 11, 2)),
        ]
    return tuple(lines)


def _reader(y: float) -> tuple[Shape, ...]:
    """The pad on which a card lies, 92 x 21."""
    return (
        ("box", "brand_deep", 34, y + 4, 92, 17, 5),
        ("box", "brand", 34, y, 92, 16, 5),
        ("line", "on_dark_soft", 1.4, f"M73 {y + 6} C74.6 {y + 7.4} 74.6 {y + 8.6} 73 {y + 10}"),
        ("line", "on_dark_soft", 1.4, f"M78 {y + 4.4} C81.4 {y + 6.6} 81.4 {y + 9.4} 78 {y + 11.6}"),
        ("line", "on_dark_soft", 1.4, f"M83 {y + 2.8} C88.2 {y + 5.8} 88.2 {y + 10.2} 83 {y + 13.2}"),
    )


def _printer(lamp: str) -> tuple[Shape, ...]:
    return (
        ("box", "brand_deep", 38, 16, 84, 34, 6),
        ("box", "brand", 38, 12, 84, 34, 6),
        ("box", lamp, 108, 19, 6, 3, 1.5),
        ("box", "ink", 50, 36, 60, 5, 2.5),
    )


def _down(x: float, top: float, bottom: float) -> tuple[Shape, ...]:
    return (
        ("line", "good", 3, f"M{x} {top} V{bottom}"),
        ("line", "good", 3, f"M{x - 6} {bottom - 6} L{x} {bottom} L{x + 6} {bottom - 6}"),
    )


def _up(x: float, bottom: float, top: float) -> tuple[Shape, ...]:
    return (
        ("line", "good", 3, f"M{x} {bottom} V{top}"),
        ("line", "good", 3, f"M{x - 6} {top + 6} L{x} {top} L{x + 6} {top + 6}"),
    )


SCENES: Final[dict[str, tuple[Shape, ...]]] = {
    "lay-card": (*_reader(72), *_card(53, 6), *_down(80, 46, 66)),
    "reading": (
        *_reader(72),
        *_card(53, 36),
        ("line", "good", 2.6, "M66 26 C74 20 86 20 94 26"),
        ("line", "good", 2.6, "M59 18 C72 8 88 8 101 18"),
    ),
    "printing": (*_printer("ring"), *_sheet(56, 39, 38), *_down(122, 62, 84)),
    "printer-waits": (
        *_printer("lamp_warn"),
        *_sheet(56, 39, 22),
        ("line", "warn", 3, "M122 60 L136 84 H108 Z"),
        ("line", "warn", 3, "M122 68.5 V74.5"),
        ("line", "warn", 3, "M122 79.2 V79.4"),
    ),
    "take-paper": (*_printer("ring"), *_sheet(56, 39, 54), *_down(122, 62, 86)),
    "take-card": (*_reader(66), *_card(53, 18), *_up(122, 50, 24)),
}
