"""`kiosk face liveness` on a clip: what was measured, what it means, and an exit code for a program. A02."""

import json
from pathlib import Path

import cv2
import pytest

from hardware.cameras import performance
from kiosk.__main__ import main
from kiosk.vision.rehearsal import Cast
from models.landmarks import FaceMesh


@pytest.fixture(scope="module")
def clip(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head that turns left and opens its mouth, compressed as a camera would."""
    path = tmp_path_factory.mktemp("clips") / "bona-fide" / "clip.avi"
    path.parent.mkdir()
    head = Cast(assets / "portrait.png", FaceMesh.for_stills()).owner
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (640, 480))
    for frame in performance.played(performance.person(head), performance.script(("left", "open"))):
        video.write(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))
    video.release()
    return path


def test_a_clip_of_what_was_asked_passes(clip: Path, assets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["face", "liveness", str(clip), "--challenge", "turn-left,open-mouth", "--assets", str(assets), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"]
    assert {signal["name"] for signal in told["signals"] if signal["holds"]} >= {"left_deg", "parallax_left", "open"}


def test_a_clip_of_another_order_is_named(clip: Path, assets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["face", "liveness", str(clip), "--challenge", "turn-right,look-up", "--assets", str(assets)]
    assert main(words) == 1
    assert "not proven: wrong-gesture" in capsys.readouterr().out


def test_a_folder_is_counted_by_kind(clip: Path, assets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["face", "liveness", str(clip.parent.parent), "--challenge", "turn-left,open-mouth"]
    assert main([*words, "--assets", str(assets), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rates"]
    assert (row["rate"], row["errors"], row["tries"]) == ("BPCER", 0, 1)
    assert row["at_most"] == pytest.approx(0.95)


@pytest.mark.parametrize("words", [["no-such.avi"], [__file__], [__file__, "--challenge", "sing"], []], ids=str)
def test_what_cannot_be_told(words: list[str], assets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["face", "liveness", *words, "--assets", str(assets)]) == 2
    assert "kiosk face liveness:" in capsys.readouterr().err
