"""Kivy's widgets are drawn by rules, and ours are the only ones that are read (kiosk/ui/theme/style.kv)."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from kiosk.ui import app

USED = re.compile(r"^from (kivy\.uix\.\w+) import (\w+)", re.MULTILINE)
RULE = re.compile(r"^<(\w+)>", re.MULTILINE)


def test_whatever_kivy_draws_for_a_widget_that_is_used_is_drawn(tmp_path: Path) -> None:
    """Also for those that it is made of: what rolls is a stencil, too."""
    room = Path(app.__file__).parent
    used = sorted({found for module in room.rglob("*.py") for found in USED.findall(module.read_text("utf-8"))})
    ask = "".join(
        f"from {module} import {name}; print(*(c.__name__ for c in {name}.__mro__))\n" for module, name in used
    )
    quiet = {**os.environ, "KIVY_HOME": str(tmp_path), "KIVY_NO_ARGS": "1", "KIVY_NO_FILELOG": "1"}
    told = subprocess.run([sys.executable, "-c", ask], env=quiet, capture_output=True, text=True, check=True).stdout
    kivy = find_spec("kivy")
    assert kivy is not None and kivy.origin is not None
    theirs = set(RULE.findall((Path(kivy.origin).parent / "data/style.kv").read_text("utf-8")))
    ours = set(RULE.findall((room / "theme/style.kv").read_text("utf-8")))
    assert ours == theirs & set(told.split())
