"""A LiveMatch cannot be made by hand, and not from a message that contradicts itself. A02."""

import msgspec
import pytest

from kiosk.messages import Matched
from kiosk.vision.witness import FRAMES_LEAST, LiveMatch, NoProof

GOOD = Matched(1, "some-model", "a" * 64, 0.4, 0.55, {"turn_left_deg": 20.0}, FRAMES_LEAST, "adults-here", True)


def test_it_carries_what_vision_said() -> None:
    match = LiveMatch.from_vision(GOOD)
    assert (match.model, match.score, match.threshold, match.frames) == ("some-model", 0.4, 0.55, FRAMES_LEAST)
    assert (match.population, match.validated) == ("adults-here", True)
    assert dict(match.liveness) == GOOD.liveness


@pytest.mark.parametrize(
    "claim",
    [
        {"score": 0.56},
        {"score": float("nan")},
        {"score": -0.1},
        {"threshold": float("inf")},
        {"liveness": {}},
        {"liveness": {"turn_left_deg": float("nan")}},
        {"frames": FRAMES_LEAST - 1},
        {"weights_sha256": ""},
        {"model": ""},
    ],
    ids=str,
)
def test_a_claim_that_proves_nothing_is_refused(claim: dict[str, object]) -> None:
    with pytest.raises(NoProof):
        LiveMatch.from_vision(msgspec.structs.replace(GOOD, **claim))


def test_it_cannot_be_made_or_changed_by_hand() -> None:
    with pytest.raises(TypeError):
        LiveMatch(object(), GOOD)
    match = LiveMatch.from_vision(GOOD)
    with pytest.raises(AttributeError):
        match.score = 0.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        match.liveness["turn_left_deg"] = 90.0  # type: ignore[index]


def test_the_desk_can_import_it_without_the_models() -> None:
    import subprocess
    import sys

    program = (
        "import sys, kiosk.vision.witness; print({'cv2', 'mediapipe', 'onnxruntime', 'models'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
