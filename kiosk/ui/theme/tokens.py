"""Colours and sizes, each in one place.

Lengths are millimetres on the glass, so that a requirement such as "a target is at least 20 mm high" can be read off
here and measured by a test. Type: Noto Sans CJK draws a capital 0.733 em high, so 6.6 mm em gives the 4.8 mm capital
that Section 508, 402.4 asks for; nothing that must be read is smaller. Text colours keep 4.5:1 on the grounds they
are used on (WCAG 1.4.3).
"""

from typing import Final

Rgba = tuple[float, float, float, float]

PANEL_WIDTH_PX: Final = 1080
PANEL_HEIGHT_PX: Final = 1920
PANEL_DPI: Final = 102.0
"""A 21.5-inch portrait panel; every layout is made for it and scaled as a whole to other windows."""

# Type (mm em)
DISPLAY: Final = 13.6
TITLE: Final = 11.2
HEADING: Final = 8.8
BODY: Final = 7.2
SMALL: Final = 6.6
SMALLEST: Final = 6.6

# Space (mm)
MARGIN: Final = 14.0
GAP: Final = 6.0
TARGET: Final = 20.0
BUTTON: Final = 28.0
RADIUS: Final = 5.0


def _rgba(code: str) -> Rgba:
    channels = [int(code[i : i + 2], 16) / 255 for i in range(1, len(code), 2)]
    return (channels[0], channels[1], channels[2], channels[3] if len(channels) == 4 else 1.0)


COLOURS: Final[dict[str, Rgba]] = {
    name: _rgba(code)
    for name, code in {
        "page": "#EEF2F7",
        "surface": "#FFFFFF",
        "ink": "#0F1E33",
        "ink_soft": "#46566D",
        "line": "#D5DDE8",
        "brand": "#0B4FA0",
        "brand_deep": "#08305F",
        "brand_pressed": "#062C5C",
        "brand_tint": "#E3EEFB",
        "brand_tint_pressed": "#AFCFF2",
        "on_dark": "#FFFFFF",
        "on_dark_soft": "#CFE0F5",
        "on_dark_veil": "#FFFFFF26",
        "on_dark_veil_pressed": "#FFFFFF59",
        "good": "#0F6B41",
        "good_tint": "#DDF3E7",
        "warn": "#855000",
        "warn_tint": "#FCEFD9",
        "fail_tint": "#FBE6E4",
        "disabled": "#E4E9F0",
        "on_disabled": "#5A6779",
        "scrim": "#08182ECC",
        "veil": "#08182E99",
        "shadow": "#0B2A4A26",
        "ring": "#39D98A",
        "lamp_warn": "#FFB84D",
        "track": "#FFFFFF66",
        "paper_line": "#B9C6D6",
        "seal": "#C8372D",
        "shed_red": "#FF4040",
        "shed_green": "#40FF40",
        "shed_blue": "#6A86FF",
    }.items()
}

TILE_TONES: Final[tuple[tuple[Rgba, Rgba], ...]] = tuple(
    (_rgba(tone), _rgba(tint))
    for tone, tint in (
        ("#0B4FA0", "#E3EEFB"),
        ("#5B3FA6", "#ECE7FA"),
        ("#B03060", "#FBE6EE"),
        ("#A8480B", "#FCEBDD"),
        ("#0B6E6E", "#DDF2F1"),
        ("#3B5B12", "#EAF3DC"),
        ("#8A5A00", "#FBF0D7"),
        ("#22577A", "#E0EEF6"),
    )
)
"""Drawing and ground of the tiles, in turn. Colour only helps the eye: drawing and title carry the meaning."""


def contrast(one: Rgba, other: Rgba) -> float:
    """The contrast ratio of two opaque colours, 1..21 (WCAG 2.1, relative luminance)."""

    def luminance(colour: Rgba) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
