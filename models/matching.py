"""One face or two? Several good pictures of a live person against the portrait in a document.

The theory. One picture is noise; the mean over several, weighted by how good each is, is steadier. But a mean over a
whole check would let somebody lend a part of it, so each *look* at the camera is compared by itself and the score is
the worst look's. And it must be one person throughout: no two frontal pictures may differ by more than one person's do,
and no turned one from the frontal mean by as much as another person's.

    distance   0 ......... same_at_most ......... different_above ......
    verdict       SAME            UNSURE                 DIFFERENT

UNSURE is an outcome of its own: a member of staff looks, nobody is told that they are somebody else.

Embedding takes longer than the time between two pictures leaves, and onnxruntime lets go of the interpreter: so it
happens in a thread of its own, while the camera and the landmarks go on.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations
from typing import Final

import numpy as np

from models.embedding import Embedder, Embedding
from models.landmarks import Mesh, Picture
from models.manifest import OperatingPoint

BEST_PER_LOOK: Final = 3
BETTER: Final = 1.1
"""So many times the quality of the worst that counts, or a picture is not worth cutting a face out of it: less is the
noise of two pictures of the same face."""


class Verdict(Enum):
    """What a distance says."""

    SAME = "same"
    UNSURE = "unsure"
    DIFFERENT = "different"


def judge(distance: float, point: OperatingPoint) -> Verdict:
    """SAME up to `same_at_most`, DIFFERENT above `different_above`, else UNSURE; not a number is UNSURE."""
    if distance <= point.same_at_most:
        return Verdict.SAME
    if distance > point.different_above:
        return Verdict.DIFFERENT
    return Verdict.UNSURE


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a comparison found. `verdict` holds for `score`, the worst look's distance from the portrait.

    `signals`: how far frontal pictures are from each other, and turned ones from their mean; whether that may be one
    person's, `models.liveness.policy` says. `frames`: frontal pictures.
    """

    verdict: Verdict
    score: float
    signals: dict[str, float]
    frames: int


@dataclass(slots=True, repr=False)
class _Shot:
    quality: float
    chip: Picture


@dataclass(slots=True, repr=False)
class _Look:
    """The best pictures of one look at the camera; embedded once it is over."""

    qualities: list[float]
    embeddings: list[Future[Embedding]] = field(default_factory=list)

    def mean(self) -> Embedding:
        return Embedding.mean([each.result() for each in self.embeddings], self.qualities)


class Comparison:
    """Compares one person with one portrait; wiped by `forget`. One thread may call it."""

    def __init__(self, embedder: Embedder, portrait: Picture, face: Mesh) -> None:
        """`face` is where the face is in the document's `portrait`."""
        self._embedder = embedder
        self._thread = ThreadPoolExecutor(1, "embedding")
        self._portrait = self._later(embedder.chip(portrait, face))
        self._shots: list[_Shot] = []
        self._looks: list[_Look] = []
        self._turned: list[Future[Embedding]] = []

    @property
    def embedder(self) -> Embedder:
        """What compares."""
        return self._embedder

    def frontal(self, rgb: Picture, face: Mesh, quality: float) -> None:
        """A candidate of the present look; the few of the highest `quality` (above 0) count, and as much as that."""
        if len(self._shots) == BEST_PER_LOOK:
            worst = min(self._shots, key=lambda shot: shot.quality)
            if quality <= BETTER * worst.quality:
                return
            self._shots.remove(worst)
            worst.chip.fill(0)
        self._shots.append(_Shot(quality, self._embedder.chip(rgb, face)))

    def look_over(self) -> None:
        """The person looks elsewhere now."""
        if self._shots:
            self._looks.append(
                _Look([shot.quality for shot in self._shots], [self._later(shot.chip) for shot in self._shots])
            )
        self._shots = []

    def turned(self, rgb: Picture, face: Mesh) -> None:
        """The same person, they say, from the side."""
        self._turned.append(self._later(self._embedder.chip(rgb, face)))

    def start_over(self) -> None:
        """Nobody of before counts any more."""
        for shot in self._shots:
            shot.chip.fill(0)
        for future in self._embeddings():
            _wipe(future)
        self._shots, self._looks, self._turned = [], [], []

    def concluded(self) -> Likeness | None:
        """What all looks together say, or None if there was no look; waits for what is still being embedded."""
        self.look_over()
        if not self._looks:
            return None
        point, portrait = self._embedder.point, self._portrait.result()
        means = [look.mean() for look in self._looks]
        frontal = [future.result() for look in self._looks for future in look.embeddings]
        turned = [future.result() for future in self._turned]
        centre = Embedding.mean(frontal)
        spread_frontal = _worst(one.distance(other) for one, other in combinations(frontal, 2))
        spread_turned = _worst(centre.distance(each) for each in turned)
        score = _worst(mean.distance(portrait) for mean in means)
        signals = {"spread_frontal": spread_frontal, "spread_turned": spread_turned}
        return Likeness(judge(score, point), score, signals, len(frontal))

    def forget(self) -> None:
        """Lets go of every picture and embedding; nothing may be asked afterwards."""
        self.start_over()
        _wipe(self._portrait)
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _later(self, chip: Picture) -> Future[Embedding]:
        """Embedded, or given up: in both cases the pixels are wiped."""
        future = self._thread.submit(self._embedder.embed, chip)
        future.add_done_callback(lambda _: chip.fill(0))
        return future

    def _embeddings(self) -> Iterator[Future[Embedding]]:
        for look in self._looks:
            yield from look.embeddings
        yield from self._turned


def _worst(distances: Iterable[float]) -> float:
    """The largest, 0 for none; not a number if any is not."""
    return float(np.max([0.0, *distances]))


def _wipe(future: Future[Embedding]) -> None:
    """It never comes, or its numbers become zero as soon as they are there."""
    future.cancel()
    future.add_done_callback(_zero)


def _zero(future: Future[Embedding]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().values.fill(0)
