"""The typeface: Noto Sans CJK, the simplified-Chinese face in two weights, registered under one name.

The faces are single files made by script/setup. A font collection would not do: SDL takes its first face, and that is
the Japanese one, in which 骨, 直 and 令 look wrong to a Chinese reader.
"""

from pathlib import Path
from typing import Final

from kivy.core.text import LabelBase

FAMILY: Final = "kiosk"


def register(folder: Path) -> None:
    """Makes `FAMILY` known to Kivy. Raises OSError if the files are not there."""
    LabelBase.register(FAMILY, str(folder / "NotoSansSC-Regular.otf"), fn_bold=str(folder / "NotoSansSC-Bold.otf"))
