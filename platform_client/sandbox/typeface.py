"""The typeface of a certificate: Song, as official documents are set (GB/T 9704), cut once so that composing is fast.

Noto Serif SC holds 65,000 glyphs with cubic outlines; fpdf2 parses and subsets a font anew for every document. The cut
has quadratic outlines, which are cheaper to subset, and fewer characters: GB 2312 for what is said about people, and
for bold only what the catalogue says. A text with a rarer character (names have them) is set from a cut of its own.
"""

import io
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable

from platform_client.sandbox.catalogue import OFFERS, STAMP_PURPOSE

# The subsetter lists every glyph it keeps, which spells out names.
logging.getLogger("fontTools.subset").setLevel(logging.WARNING)

_COLLECTIONS: Final = Path("/usr/share/fonts/opentype/noto")
_MAX_ERROR_UNITS: Final = 1.0
"""How far a quadratic outline may be from the cubic one, in thousandths of the type's size."""
_ASCII: Final = frozenset(map(chr, range(0x20, 0x7F)))


def _everyday() -> frozenset[str]:
    """ASCII and every character of GB 2312-1980, rows 1 to 87 (read as GBK, which has the dot of names at 0xA1A4)."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return _ASCII.union(*(cell.decode("gbk", "ignore") for cell in cells))


EVERYDAY: Final = _everyday()
STANDING: Final = _ASCII.union(
    STAMP_PURPOSE, *(offer.kind.title.zh + offer.agency.name.zh for offer in OFFERS.values())
)
"""What is set in bold: titles, agencies, their stamps."""


class NoGlyph(Exception):
    """The font lacks a character of this text; a certificate with a box in somebody's name must not exist."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """Two fonts, OpenType: single, or a collection whose simplified-Chinese face is meant."""

    regular: Path
    bold: Path


SONG: Final = Typeface(_COLLECTIONS / "NotoSerifCJK-Regular.ttc", _COLLECTIONS / "NotoSerifCJK-Bold.ttc")


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font files for one text: paths, or files in memory."""

    regular: Path | io.BytesIO
    bold: Path | io.BytesIO


@dataclass(frozen=True, slots=True)
class Typecase:
    """A typeface and its cut."""

    whole: Typeface
    everyday: Fonts

    @classmethod
    def open(cls, folder: Path, whole: Typeface = SONG) -> "Typecase":
        """The cut is kept in `folder` for the next start. Making it takes some six seconds, once."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(whole, Fonts(_kept(whole.regular, EVERYDAY, folder), _kept(whole.bold, STANDING, folder)))

    def for_text(self, regular: str, bold: str) -> Fonts:
        """Fonts that hold every character of what is to be set. Raises NoGlyph."""
        if EVERYDAY.issuperset(regular) and STANDING.issuperset(bold):
            return self.everyday
        return Fonts(_cut(self.whole.regular, frozenset(regular)), _cut(self.whole.bold, frozenset(bold)))


def _kept(font: Path, characters: frozenset[str], folder: Path) -> Path:
    facts = font.stat()
    target = folder / f"{font.stem}-{facts.st_size}-{facts.st_mtime_ns}-{len(characters)}.ttf"
    if not target.exists():
        draft = target.with_suffix(".draft")
        draft.write_bytes(_cut(font, characters, complete=False).getvalue())
        draft.replace(target)
    return target


def _cut(font: Path, characters: frozenset[str], *, complete: bool = True) -> io.BytesIO:
    """`font` with these characters only. Raises NoGlyph when one is missing and the cut must be `complete`."""
    options = subset.Options(layout_features=[], notdef_outline=True, name_IDs=["*"], font_number=_face(font))
    options.drop_tables += ["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
    loaded = subset.load_font(font, options)
    wanted = set(map(ord, characters))
    if complete and not loaded.getBestCmap().keys() >= wanted:
        raise NoGlyph
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(loaded)
    _make_quadratic(loaded)
    file = io.BytesIO()
    loaded.save(file)
    file.seek(0)
    return file


@cache
def _face(font: Path) -> int:
    """The number of the simplified-Chinese face in a collection; -1 for a single font, as fontTools wants it."""
    if font.suffix != ".ttc":
        return -1
    names = [face["name"].getDebugName(1) or "" for face in TTCollection(font, lazy=True).fonts]
    return next(number for number, name in enumerate(names) if name.endswith(" SC"))


def _make_quadratic(font: TTFont) -> None:
    """Outlines of PostScript become outlines of TrueType."""
    drawn, order = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(drawn)
        drawn[name].draw(Cu2QuPen(pen, _MAX_ERROR_UNITS, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    font["maxp"].tableVersion = 0x00010000
    for limit in ("Zones", "TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements"):
        setattr(font["maxp"], f"max{limit}", 0)
    font["maxp"].maxSizeOfInstructions = font["maxp"].maxComponentElements = 0
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
    font.recalcBBoxes = True
