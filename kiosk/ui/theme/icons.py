"""Our own line drawings on a 24 x 24 grid, y downwards.

A drawing is a tuple of strokes. A stroke is a path in the small part of SVG's path language that we need (absolute M,
L, H, V, C and Z) or a circle ("o", x, y, radius). Drawn as lines, they are sharp at any size and take any colour.
"""

import math
import re
from functools import cache
from typing import Final, Literal

Point = tuple[float, float]
Circle = tuple[str, float, float, float]
Stroke = str | Circle

_FACE: Final[Circle] = ("o", 12, 12, 9)
_CARD: Final = (
    "M4.5 5 H19.5 C20.3 5 21 5.7 21 6.5 V17.5 C21 18.3 20.3 19 19.5 19 H4.5 C3.7 19 3 18.3 3 17.5 V6.5 "
    "C3 5.7 3.7 5 4.5 5 Z"
)
_SHEET: Final = "M6 3 H14.5 L19 7.5 V21 H6 Z"
_EYES: Final = ("M8.8 9.6 V10.4", "M15.2 9.6 V10.4")

Drawing = Literal[
    "document", "home", "shield", "heart", "rings", "key", "car", "baby", "book", "person", "coins", "globe", "help",
    "hall", "card", "receipt", "check", "cross", "stop", "again", "left", "right", "printer", "warning", "clock",
    "lock", "hand", "look", "left-from", "left-to", "right-from", "right-to", "up-from", "up-to", "mouth-from",
    "mouth-to", "face-5", "face-4", "face-3", "face-2", "face-1",
]  # fmt: skip
"""A name of one: a misspelt one is an error of types, not a blank on a page that is seldom seen."""

CERTIFICATES: Final[tuple[Drawing, ...]] = (
    "document", "home", "shield", "heart", "rings", "key", "car", "baby", "book", "person", "coins",
)  # fmt: skip
"""What tiles of certificates show, as a rule."""

ICONS: Final[dict[Drawing, tuple[Stroke, ...]]] = {
    # certificates
    "document": (_SHEET, "M14.5 3 V7.5 H19", "M9 12 H16", "M9 15 H16", "M9 18 H13"),
    "home": ("M3 11 L12 3.5 L21 11", "M5.5 9.5 V20 H18.5 V9.5", "M10 20 V14 H14 V20"),
    "shield": (
        "M12 3 L19.5 6 V11.5 C19.5 16 16.5 19.5 12 21 C7.5 19.5 4.5 16 4.5 11.5 V6 Z",
        "M8.5 12 L11 14.5 L15.5 9.5",
    ),
    "heart": (
        "M12 20 C5 15.5 3 12 3 8.7 C3 6 5 4.2 7.4 4.2 C9.4 4.2 11 5.3 12 7 C13 5.3 14.6 4.2 16.6 4.2 "
        "C19 4.2 21 6 21 8.7 C21 12 19 15.5 12 20 Z",
        "M7 11.5 H10 L11.3 9 L13 14 L14.2 11.5 H17",
    ),
    "rings": (("o", 9, 13.5, 5.5), ("o", 15, 13.5, 5.5), "M7.5 5 L9 7 L10.5 5 L9 3.6 Z"),
    "key": (("o", 8, 15.5, 4.3), "M11 12.5 L19.5 4", "M16.3 7.2 L19.3 10.2", "M13.8 9.7 L15.6 11.5"),
    "car": (
        "M4 16.5 V12.5 L6 7.2 C6.2 6.6 6.8 6.2 7.4 6.2 H16.6 C17.2 6.2 17.8 6.6 18 7.2 L20 12.5 V16.5 Z",
        "M4.5 12 H19.5",
        "M6 16.5 V19 H8.5 V16.5",
        "M15.5 16.5 V19 H18 V16.5",
    ),
    "baby": (
        ("o", 12, 12, 8.5),
        "M9 11 V11.6",
        "M15 11 V11.6",
        "M9 15 C10.5 16.8 13.5 16.8 15 15",
        "M12 3.5 C10.5 4.5 10.8 6.6 12.6 6.4",
    ),
    "book": (
        "M12 6.5 C9.5 4.6 6.5 4.3 3.5 4.6 V18.6 C6.5 18.3 9.5 18.6 12 20.5 C14.5 18.6 17.5 18.3 20.5 18.6 V4.6 "
        "C17.5 4.3 14.5 4.6 12 6.5 Z",
        "M12 6.5 V20.5",
    ),
    "person": (("o", 12, 8, 4), "M4 20.5 C4.6 15.8 7.8 14.2 12 14.2 C16.2 14.2 19.4 15.8 20 20.5"),
    "coins": (
        ("o", 9, 9, 5.5),
        "M17.2 8.2 C19.4 9.2 20.8 11.2 20.8 14 C20.8 17.6 18.2 20.4 14.6 20.4 C12.4 20.4 10.6 19.4 9.4 17.8",
        "M9 6.6 V11.4",
    ),
    # the terminal
    "globe": (
        ("o", 12, 12, 8.7),
        "M3.3 12 H20.7",
        "M12 3.3 C8.2 7.5 8.2 16.5 12 20.7",
        "M12 3.3 C15.8 7.5 15.8 16.5 12 20.7",
    ),
    "help": (("o", 12, 12, 8.7), "M9.3 9.4 C9.5 6.2 14.7 6.3 14.7 9.5 C14.7 11.7 12 11.7 12 14", "M12 17 V17.3"),
    "hall": ("M3 9.5 L12 4 L21 9.5 Z", "M5.5 10 V18", "M9.8 10 V18", "M14.2 10 V18", "M18.5 10 V18", "M3.5 20.5 H20.5"),
    "card": (
        _CARD,
        ("o", 8.3, 10.3, 1.9),
        "M5.6 15.5 C6.2 13.4 10.4 13.4 11 15.5",
        "M14 9.5 H18",
        "M14 12.5 H18",
        "M14 15.5 H16.5",
    ),
    "receipt": ("M6 3 V21 L8.4 19 L10.8 21 L13.2 19 L15.6 21 L18 19 V3 Z", "M9 8 H15", "M9 12 H15"),
    "check": ("M5 12.5 L10 17.5 L19.5 7",),
    "cross": ("M6 6 L18 18", "M18 6 L6 18"),
    "stop": ("M8.5 3.5 H15.5 L20.5 8.5 V15.5 L15.5 20.5 H8.5 L3.5 15.5 V8.5 Z", "M9 9 L15 15", "M15 9 L9 15"),
    "again": (
        "M19.5 12 C19.5 16.2 16.2 19.5 12 19.5 C7.8 19.5 4.5 16.2 4.5 12 C4.5 7.8 7.8 4.5 12 4.5 "
        "C14.6 4.5 16.9 5.8 18.3 7.8",
        "M18.8 3.8 V8.2 H14.4",
    ),
    "left": ("M20 12 H4.5", "M11 5.5 L4.5 12 L11 18.5"),
    "right": ("M4 12 H19.5", "M13 5.5 L19.5 12 L13 18.5"),
    # what a head is asked to do: as it is, and as it is to be
    "left-from": (("o", 15.8, 12, 6.2), "M13.8 10 V10.8", "M17.8 10 V10.8", "M14 15 H17.6"),
    "left-to": (
        ("o", 15.8, 12, 6.2),
        "M12.2 10 V10.8",
        "M15.4 10 V10.8",
        "M12.4 15 H15",
        "M7.8 12 H2.2",
        "M5.6 8.6 L2.2 12 L5.6 15.4",
    ),
    "right-from": (("o", 8.25, 12, 6.2), "M6.2 10 V10.8", "M10.2 10 V10.8", "M6.4 15 H10"),
    "right-to": (
        ("o", 8.25, 12, 6.2),
        "M8.6 10 V10.8",
        "M11.8 10 V10.8",
        "M9 15 H11.6",
        "M16.2 12 H21.8",
        "M18.4 8.6 L21.8 12 L18.4 15.4",
    ),
    "up-from": (("o", 12, 15.8, 6.2), "M10 14.4 V15.2", "M14 14.4 V15.2", "M10.2 18.8 H13.8"),
    "up-to": (
        ("o", 12, 15.8, 6.2),
        "M10 12.4 V13.2",
        "M14 12.4 V13.2",
        "M10.2 16.4 H13.8",
        "M12 7.8 V2.2",
        "M8.6 5.6 L12 2.2 L15.4 5.6",
    ),
    "mouth-from": (_FACE, *_EYES, "M9.4 15.2 H14.6"),
    "mouth-to": (_FACE, *_EYES, ("o", 12, 15.4, 2.8)),
    "look": (
        "M3.5 8 V5 C3.5 4.2 4.2 3.5 5 3.5 H8",
        "M16 3.5 H19 C19.8 3.5 20.5 4.2 20.5 5 V8",
        "M20.5 16 V19 C20.5 19.8 19.8 20.5 19 20.5 H16",
        "M8 20.5 H5 C4.2 20.5 3.5 19.8 3.5 19 V16",
        ("o", 12, 10, 3.2),
        "M6.8 17.8 C7.4 14.8 9.4 14.4 12 14.4 C14.6 14.4 16.6 14.8 17.2 17.8",
    ),
    "printer": (
        "M7 9 V3.5 H17 V9",
        "M7 17 H4 V10.5 C4 9.6 4.6 9 5.5 9 H18.5 C19.4 9 20 9.6 20 10.5 V17 H17",
        "M7 14 H17 V20.5 H7 Z",
        "M16.6 11.6 H17",
    ),
    "warning": ("M12 3.8 L21.3 20 H2.7 Z", "M12 9.8 V14.4", "M12 17.1 V17.3"),
    "clock": (("o", 12, 12, 8.7), "M12 6.8 V12 L15.6 14.2"),
    "lock": ("M6 11 H18 V20 H6 Z", "M8.5 11 V8 C8.5 3.4 15.5 3.4 15.5 8 V11", "M12 14.6 V16.4"),
    "hand": (
        "M8 13 V6.2 C8 4.4 10.6 4.4 10.6 6.2 V11 V4.6 C10.6 2.8 13.2 2.8 13.2 4.6 V11 V5.6 C13.2 3.9 15.8 3.9 15.8 5.6 "
        "V12 V8.2 C15.8 6.6 18.2 6.6 18.2 8.2 V14.5 C18.2 18.6 15.8 21 12.8 21 "
        "C9.8 21 8.6 19.6 7.2 17 L4.6 12.6 C4 11.2 5.8 10.2 6.8 11.4 Z",
    ),
    # five levels of content: mouth and eyes differ, never only the colour
    "face-5": (
        _FACE,
        "M7.4 10.2 C8 8.8 9.6 8.8 10.2 10.2",
        "M13.8 10.2 C14.4 8.8 16 8.8 16.6 10.2",
        "M7.2 13.6 C8.4 18.6 15.6 18.6 16.8 13.6 Z",
    ),
    "face-4": (_FACE, *_EYES, "M7.8 14 C9.4 17.2 14.6 17.2 16.2 14"),
    "face-3": (_FACE, *_EYES, "M8.4 15.2 H15.6"),
    "face-2": (_FACE, *_EYES, "M8 16.6 C9.4 14 14.6 14 16 16.6"),
    "face-1": (
        _FACE,
        "M7.4 8.4 L10.2 9.8",
        "M16.6 8.4 L13.8 9.8",
        "M9 11.4 V11.8",
        "M15 11.4 V11.8",
        "M7.8 17.4 C9.2 13.4 14.8 13.4 16.2 17.4",
    ),
}

_TOKEN: Final = re.compile(r"[MLHVCZ]|-?\d+(?:\.\d+)?")
_CURVE_STEPS: Final = 14
_CIRCLE_STEPS: Final = 48


@cache
def polylines(name: Drawing) -> tuple[tuple[Point, ...], ...]:
    """The drawing `name` as lists of points."""
    return tuple(flatten(stroke) for stroke in ICONS[name])


def of_a_kind(name: str) -> Drawing:
    """The drawing for a kind of certificate, which the platform names: a plain document where it names none of ours."""
    return name if name in ICONS else "document"


def flatten(stroke: Stroke) -> tuple[Point, ...]:
    """One stroke as points that straight lines connect."""
    if not isinstance(stroke, str):
        _, x, y, radius = stroke
        angles = (math.tau * step / _CIRCLE_STEPS for step in range(_CIRCLE_STEPS + 1))
        return tuple((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles)
    tokens = iter(_TOKEN.findall(stroke))
    points: list[Point] = []
    for command in tokens:
        match command:
            case "M" | "L":
                points.append((float(next(tokens)), float(next(tokens))))
            case "H":
                points.append((float(next(tokens)), points[-1][1]))
            case "V":
                points.append((points[-1][0], float(next(tokens))))
            case "C":
                corners = [(float(next(tokens)), float(next(tokens))) for _ in range(3)]
                points += _curve(points[-1], *corners)
            case "Z":
                points.append(points[0])
            case _:
                raise ValueError(f"a path names a command before each point: {stroke}")
    return tuple(points)


def _curve(start: Point, first: Point, second: Point, end: Point) -> list[Point]:
    """A cubic Bézier curve without its start."""
    points = []
    for step in range(1, _CURVE_STEPS + 1):
        t = step / _CURVE_STEPS
        weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
        corners = (start, first, second, end)
        points.append(
            (
                sum(w * c[0] for w, c in zip(weights, corners, strict=True)),
                sum(w * c[1] for w, c in zip(weights, corners, strict=True)),
            )
        )
    return points
