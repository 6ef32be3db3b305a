"""A portrait page on a panel that was built in on its side or head first (profile: `screen.rotation`)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kiosk.pages import Pick, Rotation
from kiosk.ui.display import LOOKS_EVERY_S, wait_for_panel
from tests.ui.samples import pages
from tests.ui.stage import Stage, display, on_the_panel

PANEL = (960, 540)


@pytest.fixture(scope="module")
def on_its_side() -> Iterator[str]:
    with display(*PANEL) as name:
        yield name


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_page_and_finger_turn_together(
    rotation: Rotation, on_its_side: str, half_display: str, half_stage: Stage, fonts: Path, tmp_path: Path
) -> None:
    """Turned back, the picture is that of an upright panel; a tap on what is seen there is a tap on it."""
    page = pages(fonts)["home"]
    half_stage.show(page)
    half_stage.picture(tmp_path / "upright.png")
    panel = half_display if rotation == 180 else on_its_side
    with Stage(tmp_path, fonts, panel) as stage:
        stage.show(page, rotation=rotation)
        stage.picture(tmp_path / "turned.png")
        tile = stage.item("pick:birth")
        stage.tap_at(*on_the_panel(tile["x"], tile["y"], (540, 960), rotation))
        assert stage.act().action == Pick("birth")
    with Image.open(tmp_path / "upright.png") as upright, Image.open(tmp_path / "turned.png") as turned:
        back = turned.convert("RGB").rotate(-rotation, expand=True)
        assert back.size == upright.size
        difference = ImageChops.difference(back, upright.convert("RGB")).convert("L").histogram()
    assert sum(difference[40:]) < 0.02 * 540 * 960  # a clock that went on, the edges of letters


def test_a_page_turns_while_it_is_there(on_its_side: str, fonts: Path, tmp_path: Path) -> None:
    """Enrolment does not know how the panel is built in, the desk that follows does: the same page, the other way."""
    page = pages(fonts)["home"]
    with Stage(tmp_path, fonts, on_its_side) as stage:
        small = stage.show(page, seq=1)
        tile = stage.item("pick:birth")
        large = stage.show(page, seq=2, rotation=90)
        assert stage.item("pick:birth")["w"] > 1.5 * tile["w"]
        assert large["built"] > small["built"]


@pytest.mark.parametrize("status", ["connected", "unknown"])
def test_the_window_waits_for_a_panel_that_may_be_drawn_on(status: str, tmp_path: Path) -> None:
    """The driver is still loaded, then the card is still the kernel's alone."""
    drm, nodes = tmp_path / "drm", tmp_path / "dri"
    waits = threading.Thread(target=wait_for_panel, args=(drm, nodes), daemon=True)
    waits.start()
    nodes.mkdir()
    (nodes / "card1").touch()
    waits.join(3 * LOOKS_EVERY_S)
    assert waits.is_alive()
    (drm / "card1-eDP-1").mkdir(parents=True)
    (drm / "card1-eDP-1" / "status").write_text(f"{status}\n")
    waits.join(5)
    assert not waits.is_alive()
