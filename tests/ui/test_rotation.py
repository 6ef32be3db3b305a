"""A portrait page on a panel that was built in on its side or head first (profile: `screen.rotation`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kiosk.pages import Pick
from kiosk.ui.display import panel_size
from tests.ui.samples import pages
from tests.ui.stage import Stage, display, on_the_panel

PANEL = (960, 540)


@pytest.fixture(scope="module")
def on_its_side() -> Iterator[str]:
    with display(*PANEL) as name:
        yield name


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_page_and_finger_turn_together(
    rotation: int, on_its_side: str, half_display: str, half_stage: Stage, fonts: Path, tmp_path: Path
) -> None:
    """Turned back, the picture is that of an upright panel; a tap on what is seen there is a tap on it."""
    profile = tmp_path / "profile.toml"
    profile.write_text(example(rotation))
    page = pages(fonts)["home"]
    half_stage.show(page)
    half_stage.picture(tmp_path / "upright.png")
    panel = half_display if rotation == 180 else on_its_side
    with Stage(tmp_path, fonts, panel, options=("--profile", str(profile))) as stage:
        stage.show(page)
        stage.picture(tmp_path / "turned.png")
        tile = stage.item("pick:birth")
        stage.tap_at(*on_the_panel(tile["x"], tile["y"], (540, 960), rotation))
        assert stage.act().action == Pick("birth")
    with Image.open(tmp_path / "upright.png") as upright, Image.open(tmp_path / "turned.png") as turned:
        back = turned.convert("RGB").rotate(-rotation, expand=True)
        assert back.size == upright.size
        difference = ImageChops.difference(back, upright.convert("RGB")).convert("L").histogram()
    assert sum(difference[40:]) < 0.02 * 540 * 960  # a clock that went on, the edges of letters


def example(rotation: int) -> str:
    return f"""
run = "/run/x"
audit = "/x"
audit_key = "k"
ledger = "/x"
terminal = {{ id = "t", hall = {{ zh = "厅", en = "Hall" }} }}
reader = {{ uri = "sdt:///dev/ttyUSB0" }}
platform = {{ url = "https://localhost", ca = "/x", certificate = "/x", key = "k" }}
trust = {{ root = "/x" }}
printer = {{ server = "127.0.0.1:1", queue = "q", uri = "ipp://localhost/ipp" }}
certificates = {{}}
screen = {{ rotation = {rotation} }}
"""


def test_without_x_the_window_is_the_panel_that_is_plugged_in(tmp_path: Path) -> None:
    """KMSDRM: as the kernel lists connectors and modes."""
    for name, status, modes in (
        ("card0-HDMI-A-1", "disconnected", ""),
        ("card0-eDP-1", "connected", "1920x1080\n1280x720\n"),
        ("card0-DP-1", "disconnected", "640x480\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status").write_text(status + "\n")
        (tmp_path / name / "modes").write_text(modes)
    assert panel_size(tmp_path) == (1920, 1080)
    assert panel_size(tmp_path / "none") is None
