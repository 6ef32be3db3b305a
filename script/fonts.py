"""Takes the simplified-Chinese face out of Debian's Noto collection.

Kivy (SDL) always shows face 0 of a .ttc, which is the Japanese one: 骨, 直, 令 and 复 come out visibly wrong. The
whole face is kept, not a subset, because names on identity cards need rare characters. Usage: fonts.py FOLDER
"""

import sys
from pathlib import Path

from fontTools.ttLib import TTCollection

COLLECTIONS = Path("/usr/share/fonts/opentype/noto")
FAMILY = "Noto Sans CJK SC"


def extract(weight: str, target: Path) -> None:
    """Writes the SC face of one weight. Raises LookupError when the collection has none."""
    fonts = TTCollection(COLLECTIONS / f"NotoSansCJK-{weight}.ttc", lazy=True).fonts
    for font in fonts:
        if font["name"].getDebugName(4).startswith(FAMILY):
            partial = target.with_suffix(".partial")
            font.save(partial)
            partial.rename(target)
            return
    raise LookupError(f"no face {FAMILY} in NotoSansCJK-{weight}.ttc")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for weight in ("Regular", "Bold"):
        target = folder / f"NotoSansSC-{weight}.otf"
        if not target.exists():
            extract(weight, target)
