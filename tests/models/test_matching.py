"""Several pictures against one portrait: the worst look counts, nobody may lend a part, and nothing is left. A02."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest

from models import manifest
from models.embedding import Embedder, Embedding
from models.landmarks import POINTS, Mesh, Picture
from models.liveness import policy
from models.matching import BEST_PER_LOOK, Comparison, Verdict, judge

POINT = msgspec.structs.replace(
    manifest.embedding("dlib-face-resnet-v1").operating_point[0], same_at_most=0.55, different_above=0.65
)
FACE = Mesh(np.zeros((POINTS, 3)))


class Ruler:
    """An embedder for pictures of one grey: a face is its grey over 100, so distances are known."""

    name = "ruler"
    point = POINT

    def __init__(self) -> None:
        self.chips: list[Picture] = []
        self.embeddings: list[Embedding] = []

    def chip(self, rgb: Picture, mesh: Mesh) -> Picture:
        self.chips.append(rgb.copy())
        return self.chips[-1]

    def embed(self, chip: Picture) -> Embedding:
        grey = float(chip[0, 0, 0])
        self.embeddings.append(Embedding(np.array([float("nan") if grey == 255 else grey / 100], np.float32)))
        return self.embeddings[-1]


def grey(value: int) -> Picture:
    return np.full((2, 2, 3), value, np.uint8)


@pytest.fixture
def ruler() -> Ruler:
    return Ruler()


@pytest.fixture
def begin(ruler: Ruler) -> Iterator[Callable[[int], Comparison]]:
    begun: list[Comparison] = []

    def comparison(portrait: int) -> Comparison:
        begun.append(Comparison(cast(Embedder, ruler), grey(portrait), FACE))
        return begun[-1]

    yield comparison
    for each in begun:
        each.forget()


@pytest.mark.parametrize(
    "distance, verdict",
    [
        (0.0, Verdict.SAME),
        (0.55, Verdict.SAME),
        (0.56, Verdict.UNSURE),
        (0.65, Verdict.UNSURE),
        (0.66, Verdict.DIFFERENT),
        (float("nan"), Verdict.UNSURE),
        (float("inf"), Verdict.DIFFERENT),
    ],
)
def test_judging(distance: float, verdict: Verdict) -> None:
    assert judge(distance, POINT) is verdict


def test_the_mean_of_nothing_is_nothing() -> None:
    with pytest.raises(ValueError, match="no embeddings"):
        Embedding.mean([])


def test_better_pictures_count_for_more_and_the_best_few_only(begin: Callable[[int], Comparison]) -> None:
    check = begin(100)
    for value, quality in ((130, 1.0), (110, 30.0), (102, 60.0), (110, 10.0)):
        check.frontal(grey(value), FACE, quality)
    found = check.concluded()
    assert found is not None
    assert found.frames == BEST_PER_LOOK == 3
    assert found.score == pytest.approx((0.10 * 30 + 0.02 * 60 + 0.10 * 10) / 100, abs=1e-6)
    assert found.verdict is Verdict.SAME


def test_a_picture_hardly_better_than_those_that_count_is_not_cut(begin: Callable[[int], Comparison]) -> None:
    check = begin(100)
    for value, quality in ((101, 50.0), (101, 52.0), (101, 51.0), (130, 54.0), (101, 56.0)):
        check.frontal(grey(value), FACE, quality)
    found = check.concluded()
    assert found is not None
    assert (found.frames, found.score) == (BEST_PER_LOOK, pytest.approx(0.01, abs=1e-6))


def test_the_worst_look_is_the_score(begin: Callable[[int], Comparison]) -> None:
    check = begin(100)
    for value in (100, 140):
        check.frontal(grey(value), FACE, 1.0)
        check.look_over()
    found = check.concluded()
    assert found is not None and found.score == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize(
    "look, turned, one_person",
    [
        ((100, 150), (), True),
        ((100, 160), (), False),
        ((100, 100), (160,), True),
        ((100, 100), (100, 170), False),
        ((100, 255), (), False),
        ((100, 100), (255,), False),
    ],
)
def test_one_person_throughout(
    begin: Callable[[int], Comparison], look: tuple[int, ...], turned: tuple[int, ...], one_person: bool
) -> None:
    """255 is a face of which no number came out: it proves nothing."""
    check = begin(100)
    for value in look:
        check.frontal(grey(value), FACE, 1.0)
        check.look_over()
    for value in turned:
        check.turned(grey(value), FACE)
    found = check.concluded()
    assert found is not None and (policy.failure((), POINT, found.signals) is None) is one_person


def test_no_number_is_never_a_match(begin: Callable[[int], Comparison]) -> None:
    check = begin(255)
    check.frontal(grey(100), FACE, 1.0)
    found = check.concluded()
    assert found is not None and found.verdict is Verdict.UNSURE


def test_starting_over_forgets_who_was_there(begin: Callable[[int], Comparison]) -> None:
    check = begin(100)
    check.frontal(grey(10), FACE, 1.0)
    check.look_over()
    check.turned(grey(10), FACE)
    check.start_over()
    assert check.concluded() is None
    check.frontal(grey(100), FACE, 1.0)
    found = check.concluded()
    assert found is not None and (found.frames, found.score) == (1, 0.0)
    assert found.signals == {"spread_frontal": 0.0, "spread_turned": 0.0}


def test_nothing_is_left(begin: Callable[[int], Comparison], ruler: Ruler) -> None:
    """Pixels and numbers are zero after the check, those that were still waiting for their turn too."""
    check = begin(100)
    for value in (101, 102, 103, 104, 105):
        check.frontal(grey(value), FACE, float(value - 100))
    check.look_over()
    check.turned(grey(106), FACE)
    check.frontal(grey(107), FACE, 1.0)
    check.forget()
    assert len(ruler.chips) == 8
    assert not any(chip.any() for chip in ruler.chips)
    assert not any(embedding.values.any() for embedding in ruler.embeddings)


def test_a_fault_of_the_network_is_not_swallowed(begin: Callable[[int], Comparison], ruler: Ruler) -> None:
    def broken(chip: Picture) -> Embedding:
        raise RuntimeError("no more memory")

    ruler.embed = broken  # type: ignore[method-assign]
    check = begin(100)
    check.frontal(grey(100), FACE, 1.0)
    with pytest.raises(RuntimeError, match="memory"):
        check.concluded()


def test_the_real_embedder_in_its_thread_says_what_it_says_alone(assets: Path) -> None:
    embedder = Embedder(assets / "models", "dlib-face-resnet-v1")
    face = Mesh(np.random.default_rng(5).uniform(100, 200, (POINTS, 3)))
    one, two = np.random.default_rng(6).integers(0, 256, (2, 300, 300, 3), np.uint8)
    apart = embedder.embed(embedder.chip(one, face)).distance(embedder.embed(embedder.chip(two, face)))
    check = Comparison(embedder, one, face)
    check.frontal(two, face, 1.0)
    found = check.concluded()
    check.forget()
    assert found is not None and found.score == pytest.approx(apart, abs=1e-5)
