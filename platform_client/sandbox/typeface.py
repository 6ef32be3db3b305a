"""The typeface of a certificate: Song, as official documents are set (GB/T 9704), cut once so that composing is fast.

Noto Serif SC holds 65,000 glyphs with cubic outlines; fpdf2 parses and subsets a font anew for every document. The cut
has quadratic outlines and fewer characters: GB 2312 for what is said about people, and for bold only what the catalogue
says. From it each document gets a font of its own few glyphs. A text with a rarer character (names have them) is cut
from the whole typeface.
"""

import io
import logging
import struct
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.sfnt import SFNTWriter

from platform_client.sandbox.catalogue import OFFERS, STAMP_PURPOSE

# The subsetter lists every glyph it keeps, which spells out names.
logging.getLogger("fontTools.subset").setLevel(logging.WARNING)

_COLLECTIONS: Final = Path("/usr/share/fonts/opentype/noto")
_MAX_ERROR_UNITS: Final = 1.0
"""How far a quadratic outline may be from the cubic one, in thousandths of the type's size."""
# Where these fields lie in head, hhea and maxp.
_INDEX_TO_LOC_FORMAT: Final = 50
_NUMBER_OF_H_METRICS: Final = 34
_NUM_GLYPHS: Final = 4
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
    """Two fonts for one text, in memory: what is picked for a name would spell it out on a disk."""

    regular: io.BytesIO
    bold: io.BytesIO


class Sorts:
    """A font of simple glyphs (ISO/IEC 14496-22) from which a text's own font is picked, glyph by glyph as they lie.

    No outline is decoded, so picking takes a millisecond where parsing the whole font takes forty.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with TTFont(file, lazy=True) as font:
            self._glyphs = {code: font.getGlyphID(name) for code, name in font.getBestCmap().items()}
            self._places = list(font["loca"].locations)
            self._advances = [font["hmtx"][name] for name in font.getGlyphOrder()]
            self._tables = {tag: font.reader[tag] for tag in ("head", "hhea", "maxp", "OS/2", "name", "post", "glyf")}

    def holds(self, text: str) -> bool:
        return self._glyphs.keys() >= set(map(ord, text))

    def pick(self, text: str) -> io.BytesIO:
        """A font with the characters of `text`, which this one `holds`."""
        codes = sorted(set(map(ord, text)))
        chosen = [0, *(self._glyphs[code] for code in codes)]
        outlines = [self._tables["glyf"][self._places[glyph] : self._places[glyph + 1]] for glyph in chosen]
        places = list(accumulate(map(len, outlines), initial=0))
        head, hhea, maxp = (bytearray(self._tables[tag]) for tag in ("head", "hhea", "maxp"))
        struct.pack_into(">h", head, _INDEX_TO_LOC_FORMAT, 1)
        struct.pack_into(">H", hhea, _NUMBER_OF_H_METRICS, len(chosen))
        struct.pack_into(">H", maxp, _NUM_GLYPHS, len(chosen))
        made = self._tables | {
            "head": bytes(head),
            "hhea": bytes(hhea),
            "maxp": bytes(maxp),
            "hmtx": b"".join(struct.pack(">Hh", *self._advances[glyph]) for glyph in chosen),
            "glyf": b"".join(outlines),
            "loca": struct.pack(f">{len(places)}I", *places),
            "cmap": _cmap(codes),
        }
        file = io.BytesIO()
        writer = SFNTWriter(file, len(made), "\x00\x01\x00\x00")
        for tag in sorted(made):
            writer[tag] = made[tag]
        writer.close()
        return file


@dataclass(frozen=True, slots=True)
class Typecase:
    """A typeface and its cut."""

    whole: Typeface
    regular: Sorts
    bold: Sorts

    @classmethod
    def open(cls, folder: Path, whole: Typeface = SONG) -> "Typecase":
        """The cut is kept in `folder` for the next start. Making it takes some six seconds, once."""
        folder.mkdir(parents=True, exist_ok=True)
        regular, bold = _kept(whole.regular, EVERYDAY, folder), _kept(whole.bold, STANDING, folder)
        return cls(whole, Sorts(regular), Sorts(bold))

    def for_text(self, regular: str, bold: str) -> Fonts:
        """Fonts that hold every character of what is to be set. Raises NoGlyph."""
        return Fonts(_picked(self.regular, self.whole.regular, regular), _picked(self.bold, self.whole.bold, bold))


def _picked(sorts: Sorts, whole: Path, text: str) -> io.BytesIO:
    return sorts.pick(text) if sorts.holds(text) else _cut(whole, frozenset(text))


def _cmap(codes: list[int]) -> bytes:
    """Subtable format 12 alone: the glyphs lie in the order of their characters, from 1."""
    groups = b"".join(struct.pack(">III", code, code, glyph) for glyph, code in enumerate(codes, 1))
    table = struct.pack(">HHIII", 12, 0, 16 + len(groups), 0, len(codes)) + groups
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table


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
