"""Where to break a line, in Chinese and in English.

Kivy breaks at spaces, which Chinese does not have, and would start a line with a full stop. Here a text is cut into
pieces that must stay whole (a Latin word, a Chinese character with the punctuation that belongs to it: 避头尾, GB/T
15834-2011 5.1), and the pieces are set in as few lines as possible, the lines about equally long, breaks preferably
behind punctuation.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

_CLOSING: Final = "，。、；：？！）》」”’…—·%"
_OPENING: Final = "（《「“‘"
_PIECE: Final = re.compile(
    rf"(?:[{_OPENING}]\s*)*(?:[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\s\u2e80-\u9fff\uf900-\ufaff{_OPENING}{_CLOSING}]+)?"
    rf"(?:\s*[{_CLOSING}])*\s*"
)
_PAUSES: Final = tuple("，。；：？！、,.;:?!")
_PRICE_OF_BREAKING_INSIDE: Final = 0.04
_LONELY: Final = 10.0
"""The price of a line that holds one Chinese character only."""

Measure = Callable[[str], float]


def pieces(text: str) -> list[str]:
    """`text`, cut everywhere a line may end."""
    return [piece for piece in _PIECE.findall(text) if piece]


def break_lines(text: str, measure: Measure, width: float, limit: int | None = None) -> list[str]:
    """The lines of `text`, none wider than `width` (unless one piece alone is). More lines than `limit` end in “…”."""
    lines = [line for paragraph in text.split("\n") for line in _set(pieces(paragraph.strip()), measure, width)]
    if limit is None or len(lines) <= limit:
        return lines
    last = lines[limit - 1]
    while last and measure(f"{last}…") > width:
        last = last[:-1].rstrip()
    return [*lines[: limit - 1], f"{last}…"]


def _set(parts: list[str], measure: Measure, width: float) -> list[str]:
    lengths = [measure(part) for part in parts]
    naked = [measure(part.rstrip()) for part in parts]

    @cache
    def best(start: int) -> tuple[int, float, int]:
        """From piece `start` on: the fewest lines, their price, and where the first of them ends."""
        if start == len(parts):
            return (0, 0.0, start)
        options = []
        before = 0.0
        for end in range(start + 1, len(parts) + 1):
            length = before + naked[end - 1]
            if length > width and end > start + 1:
                break
            before += lengths[end - 1]
            price = ((width - length) / width) ** 2
            if end < len(parts) and not parts[end - 1].rstrip().endswith(_PAUSES):
                price += _PRICE_OF_BREAKING_INSIDE
            if end == start + 1 and len(parts) > 1 and len(parts[start].rstrip()) <= 2:
                price += _LONELY
            lines, rest, _ = best(end)
            options.append((lines + 1, price + rest, end))
        return min(options)

    lines, start = [], 0
    while start < len(parts):
        end = best(start)[2]
        lines.append("".join(parts[start:end]).rstrip())
        start = end
    return lines
