"""What is wrong with a page as it was painted: sizes, gaps, overflow. Lengths in millimetres on the panel."""

from itertools import combinations
from typing import Any

from kiosk.ui.theme.tokens import PANEL_DPI, SMALLEST, TARGET

PX_PER_MM = PANEL_DPI / 25.4
GAP_MM = 3.0
ROUNDING_PX = 1.5

Item = dict[str, Any]
Box = tuple[float, float, float, float]


def faults(items: list[Item], scale: float = 1.0, corner: tuple[float, float] = (0, 0)) -> list[str]:
    """Every breach of the kiosk check-list (capitals, targets, gaps) and of plain tidiness, by name.

    `scale`: of the window, against the panel of 1080 x 1920 pixels. `corner`: its top left on the display.
    """
    left, top, px_per_mm = *corner, PX_PER_MM * scale
    window = (left, top, left + 1080 * scale, top + 1920 * scale)
    labels = [item for item in items if item["role"] == "label"]
    buttons = {item["id"]: item for item in items if item["role"] == "button"}
    found = [f"{_name(item)} leaves the window" for item in items if not _inside(_box(item), window)]
    for label in labels:
        if label["font_px"] < SMALLEST * px_per_mm - 0.1:
            found.append(f"{_name(label)} is set in {label['font_px'] / px_per_mm:.1f} mm")
        if label["text_w"] > label["w"] + ROUNDING_PX or label["text_h"] > label["h"] + ROUNDING_PX:
            found.append(f"{_name(label)} needs more room than it has")
        if label["within"] and not _inside(_box(label), _box(buttons[label["within"]])):
            found.append(f"{_name(label)} leaves its button")
    for button in buttons.values():
        if min(button["w"], button["h"]) < TARGET * px_per_mm - ROUNDING_PX:
            found.append(f"{_name(button)} is {button['h'] / px_per_mm:.1f} mm high")
    for one, other in combinations(labels, 2):
        if _gap(one, other) < -ROUNDING_PX:
            found.append(f"{_name(one)} lies over {_name(other)}")
    for one, other in combinations(buttons.values(), 2):
        if _gap(one, other) < GAP_MM * px_per_mm - ROUNDING_PX:
            found.append(f"{_name(one)} is too near to {_name(other)}")
    for label in labels:
        for button in buttons.values():
            if label["within"] != button["id"] and _gap(label, button) < -ROUNDING_PX:
                found.append(f"{_name(label)} lies over {_name(button)}")
    return found


def _name(item: Item) -> str:
    return f"{item['role']} “{item['id'] or item['text']}”"


def _box(item: Item) -> Box:
    """Left, top, right, bottom."""
    return (
        item["x"] - item["w"] / 2,
        item["y"] - item["h"] / 2,
        item["x"] + item["w"] / 2,
        item["y"] + item["h"] / 2,
    )


def _inside(inner: Box, outer: Box) -> bool:
    return (
        inner[0] >= outer[0] - ROUNDING_PX
        and inner[1] >= outer[1] - ROUNDING_PX
        and inner[2] <= outer[2] + ROUNDING_PX
        and inner[3] <= outer[3] + ROUNDING_PX
    )


def _gap(one: Item, other: Item) -> float:
    """Pixels between two boxes; negative when they overlap."""
    a, b = _box(one), _box(other)
    return max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3])
