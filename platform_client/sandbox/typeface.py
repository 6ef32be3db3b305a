"""The two fonts of a certificate, cut once to everyday characters so that composing is fast.

Noto Sans SC holds 65,000 glyphs and fpdf2 parses and subsets the whole font for every document (1.1 s for two weights).
The cut holds GB 2312 and ASCII. A text with a rarer character (names have them) is set from the whole font instead.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont


def _everyday() -> frozenset[str]:
    """ASCII and every character of GB 2312-1980, rows 1 to 87 (read as GBK, which has the dot of names at 0xA1A4)."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return frozenset(map(chr, range(0x20, 0x7F))).union(*(cell.decode("gbk", "ignore") for cell in cells))


EVERYDAY: Final = _everyday()


class NoGlyph(Exception):
    """The font lacks a character of this text; a certificate with a box in somebody's name must not exist."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """Font files for one text: `regular` and `bold`."""

    regular: Path
    bold: Path

    def cut(self, cache: Path) -> "Typeface":
        """The same typeface with everyday characters only, kept in `cache` for the next start. Takes seconds once."""
        cache.mkdir(parents=True, exist_ok=True)
        return Typeface(_cut(self.regular, cache), _cut(self.bold, cache))


@dataclass(frozen=True, slots=True)
class Typecase:
    """A typeface and its cut."""

    whole: Typeface
    everyday: Typeface

    @classmethod
    def open(cls, whole: Typeface, cache: Path) -> "Typecase":
        return cls(whole, whole.cut(cache))

    def for_text(self, text: str) -> Typeface:
        """The smaller typeface that holds every character of `text`. Raises NoGlyph."""
        if EVERYDAY.issuperset(text):
            return self.everyday
        with TTFont(self.whole.regular, lazy=True) as font:
            if not font.getBestCmap().keys() >= set(map(ord, text)):
                raise NoGlyph
        return self.whole


def _cut(font: Path, cache: Path) -> Path:
    facts = font.stat()
    target = cache / f"{font.stem}-{facts.st_size}-{facts.st_mtime_ns}.otf"
    if not target.exists():
        options = subset.Options(layout_features=[], notdef_outline=True, name_IDs=["*"])
        options.drop_tables += ["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
        loaded = subset.load_font(font, options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=map(ord, EVERYDAY))
        cutter.subset(loaded)
        draft = target.with_suffix(".draft")
        subset.save_font(loaded, draft, options)
        draft.replace(target)
    return target
