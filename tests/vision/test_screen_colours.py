"""The screen's colours come back from a face that is there, and not from one that was recorded. A02.

The simulated skin reflects as much of a full colour as the simulated camera's does: an assumption, no measurement.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hardware.cameras import performance
from hardware.cameras.port import Frame
from kiosk.vision.rehearsal import Cast
from models.embedding import Embedder
from models.landmarks import FaceMesh
from models.liveness.challenge import Challenge, Failed, Passed
from models.liveness.gestures import Asked, Order
from models.liveness.light import COLOURS, Colour, random_colours
from models.liveness.policy import Failure, limits
from models.liveness.sitting import Sitting
from models.matching import Comparison

ORDER: Order = (Asked.LEFT, Asked.OPEN)
SHOWN = (Colour.RED, Colour.BLUE, Colour.GREEN, Colour.RED, Colour.BLUE)
OTHERS = (Colour.GREEN, Colour.RED, Colour.BLUE, Colour.GREEN, Colour.RED)
REFLECTS = 0.06


@pytest.fixture(scope="module")
def stills() -> FaceMesh:
    return FaceMesh.for_stills()


@pytest.fixture(scope="module")
def frames(assets: Path, stills: FaceMesh) -> list[Frame]:
    player = performance.person(Cast(assets / "portrait.png", stills).owner)
    reached = performance.script(("left", "open"))
    return list(performance.played(player, [*reached, (reached[-1][0] + 5.0, reached[-1][1])]))


def lit(frames: list[Frame], sitting: Sitting, recorded: tuple[Colour, ...] | None) -> Iterator[tuple[Frame, float]]:
    """Each picture as the skin looks now: lit by the screen's colour, or by the one that was recorded with it."""
    began_s = None
    for frame in frames:
        colour = sitting.challenge.colour
        if colour is not None:
            began_s = frame.time_s if began_s is None else began_s
            if recorded is not None:
                colour = recorded[min(int((frame.time_s - began_s) / 0.6), len(recorded) - 1)]
        shed = np.zeros(3) if colour is None else np.array(colour.rgb)
        yield Frame(np.clip(frame.rgb * (1 + REFLECTS * shed), 0, 255).astype(np.uint8), frame.time_s), frame.time_s


@pytest.mark.parametrize(
    "recorded, score_least, passes",
    [(None, 0.9, True), (OTHERS, -1.0, False), ((), -1.0, False)],
    ids=["there", "another order", "no light at all"],
)
def test_light_that_is_shed_comes_back(
    assets: Path,
    stills: FaceMesh,
    frames: list[Frame],
    recorded: tuple[Colour, ...] | None,
    score_least: float,
    passes: bool,
) -> None:
    embedder = Embedder(assets / "models", "dlib-face-resnet-v1")
    portrait = frames[0].rgb.copy()
    challenge = Challenge(0.0, lambda: ORDER, lambda: SHOWN)
    sitting = Sitting(FaceMesh.for_video(), Comparison(embedder, portrait, stills.find(portrait)[0]), challenge)
    if recorded == ():
        source: Iterator[tuple[Frame, float]] = ((Frame(each.rgb.copy(), each.time_s), each.time_s) for each in frames)
    else:
        source = lit(frames, sitting, recorded)
    for frame, time_s in source:
        sitting.see(frame.rgb, time_s + 0.001)
        if sitting.outcome is not None:
            break
    outcome = sitting.outcome
    sitting.forget()
    assert isinstance(outcome, Passed if passes else Failed)
    assert outcome.signals["light"] >= score_least
    if isinstance(outcome, Failed):
        assert outcome.why is Failure.LIGHT_NOT_REFLECTED
    assert limits((*ORDER, Asked.LIGHT), embedder.point)["light"].holds(outcome.signals["light"]) is passes


def test_colours_are_random_and_all_are_shown() -> None:
    drawn = {random_colours() for _ in range(200)}
    assert len(drawn) > 20
    for colours in drawn:
        assert len(colours) == COLOURS and set(colours) == set(Colour)
        assert all(one is not other for one, other in pairwise(colours))
