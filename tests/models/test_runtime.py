"""The model runtime reports to nobody and writes nothing (C20)."""

import os
import subprocess
import sys
from pathlib import Path

ASSETS = Path(__file__).parents[2] / ".cache" / "assets"
EMBED = """
import sys
from pathlib import Path
from models.landmarks import import_models
import_models()
from models.embedding import Embedder
Embedder(Path(sys.argv[1]), "dlib-face-resnet-v1").warm_up()
"""


def test_a_face_that_was_embedded_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """But for matplotlib's list of fonts, which comes with mediapipe."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    command = [sys.executable, "-c", EMBED, str(ASSETS / "models")]
    subprocess.run(command, env=environment | {"HOME": str(tmp_path)}, check=True, timeout=60)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "matplotlib"] == []
