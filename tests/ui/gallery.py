"""Pictures of every page in both languages: `python -m tests.ui.gallery FOLDER ASSETS [PART OF A NAME …]`."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from kiosk.preview import HEIGHT, WIDTH, PreviewRing
from tests.ui.samples import denials, pages, refusals
from tests.ui.stage import Stage, display


def portrait(source: Path) -> bytes:
    """A camera frame made of the demo portrait: the part around the face."""
    with Image.open(source) as picture:
        return picture.convert("RGB").crop((56, 0, 416, 270)).resize((WIDTH, HEIGHT)).tobytes()


def main(out: Path, assets: Path, only: list[str], size: tuple[int, int] = (1080, 1920)) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, display(*size) as x_display:
        run = Path(folder)
        ring = PreviewRing.create(run / "preview.ring")
        ring.write(portrait(assets / "portrait.png"))
        with Stage(run, assets / "fonts", x_display, size, ("--still",)) as stage:
            reasons = {f"reason-{page.reason.value}": page for page in refusals()}
            denied = {f"staff-denied-{page.why.value}": page for page in denials()}
            for name, page in (pages(assets / "fonts") | reasons | denied).items():
                if only and not any(part in name for part in only):
                    continue
                for language in ("zh", "en"):
                    stage.show(page, language)
                    if name.startswith(("face", "staff-run-numbers")):
                        stage.until(lambda s: any(i["id"] == "camera" and i["enabled"] for i in s["items"]))
                    stage.picture(out / f"{name}-{language}.png")
                    if name in ("choose", "rate"):
                        stage.show(page, language, countdown_s=20)
                        stage.picture(out / f"{name}-countdown-{language}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
