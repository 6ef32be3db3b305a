"""What stands on a slip, and how it becomes dots.

A slip is drawn here and sent as one picture: printers in service halls differ in which Chinese code page they know
(python-escpos's `text` even sends GB 18030 without the command that selects it), and no dot of a picture depends on
that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SIMPLIFIED: Final = "SC"
_HEADING_DOTS: Final = 34
_TEXT_DOTS: Final = 24
_SMALL_DOTS: Final = 20
_LEADING: Final = 1.35
_GAP_DOTS: Final = 12
_LABEL_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Heading:
    """Large, in the middle."""

    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Note:
    """Small print."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A matrix code with its quiet zone, row by row, True is dark."""

    modules: tuple[tuple[bool, ...], ...]

    def __repr__(self) -> str:
        return f"Code({len(self.modules)} rows)"


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


Part = Heading | Fact | Note | Code | Rule


@dataclass(frozen=True, slots=True, repr=False)
class Slip:
    """From top to bottom."""

    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        return f"<Slip of {len(self.parts)} parts>"


def raster(slip: Slip, width_dots: int, font: Path) -> Image.Image:
    """The slip as a picture of one bit per dot. Raises OSError when there is no such font."""
    pieces = [_piece(part, width_dots, font) for part in slip.parts]
    height = sum(piece.height + _GAP_DOTS for piece in pieces) + _GAP_DOTS
    paper = Image.new("1", (width_dots, height), 1)
    top = _GAP_DOTS
    for piece in pieces:
        paper.paste(piece, ((width_dots - piece.width) // 2, top))
        top += piece.height + _GAP_DOTS
    return paper


def _piece(part: Part, width: int, font: Path) -> Image.Image:
    match part:
        case Heading(text):
            return _text(text, width, _face(font, _HEADING_DOTS), centred=True)
        case Note(text):
            return _text(text, width, _face(font, _SMALL_DOTS))
        case Fact(label, value):
            return _fact(label, value, width, _face(font, _TEXT_DOTS))
        case Rule():
            return Image.new("1", (width, 2), 0)
        case Code(modules):
            return _code(modules, width)


def _text(text: str, width: int, face: ImageFont.FreeTypeFont, *, centred: bool = False) -> Image.Image:
    lines = list(_wrapped(text, width, face))
    leading = round(face.size * _LEADING)
    piece = Image.new("1", (width, leading * len(lines)), 1)
    draw = ImageDraw.Draw(piece)
    for number, line in enumerate(lines):
        left = (width - face.getlength(line)) / 2 if centred else 0
        draw.text((left, number * leading), line, font=face, fill=0)
    return piece


def _fact(label: str, value: str, width: int, face: ImageFont.FreeTypeFont) -> Image.Image:
    indent = round(width * _LABEL_SHARE)
    left, right = _text(label, indent, face), _text(value, width - indent, face)
    piece = Image.new("1", (width, max(left.height, right.height)), 1)
    piece.paste(left, (0, 0))
    piece.paste(right, (indent, 0))
    return piece


def _code(modules: tuple[tuple[bool, ...], ...], width: int) -> Image.Image:
    """In whole dots per module: a scaled code would not be read."""
    dots = width // len(modules)
    if dots < 1:
        raise ValueError(f"a code of {len(modules)} modules does not fit {width} dots")
    rows = len(modules)
    bits = Image.new("1", (len(modules[0]), rows), 1)
    bits.putdata([0 if dark else 255 for row in modules for dark in row])
    return bits.resize((bits.width * dots, rows * dots), Image.Resampling.NEAREST)


def _wrapped(text: str, width: int, face: ImageFont.FreeTypeFont) -> Iterator[str]:
    """Chinese may break anywhere, a word of letters or digits only when it is longer than a line."""
    line = ""
    for chunk in _chunks(text):
        if line and face.getlength(line + chunk) > width:
            yield line.rstrip()
            line = ""
        for character in chunk:
            if line and face.getlength(line + character) > width:
                yield line
                line = ""
            line += character
    yield line.rstrip()


def _chunks(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if character.isascii() and not character.isspace():
            word += character
            continue
        if word:
            yield word
            word = ""
        yield character
    if word:
        yield word


@lru_cache(maxsize=8)
def _face(font: Path, dots: int) -> ImageFont.FreeTypeFont:
    """The simplified-Chinese face of a collection; of a single font, the font."""
    first = ImageFont.truetype(str(font), dots)
    if font.suffix != ".ttc":
        return first
    for index in range(16):
        try:
            face = ImageFont.truetype(str(font), dots, index=index)
        except OSError:
            break
        if str(face.getname()[0]).endswith(f" {SIMPLIFIED}"):
            return face
    return first
