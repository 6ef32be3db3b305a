"""The proof that a live person with the card's face was in front of the camera, as the rest of the terminal knows it.

Only a `Matched` message of the vision process becomes a `LiveMatch`. No image and no embedding is in it. This module is
imported by the desk and knows neither cameras nor models.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Self

from kiosk.messages import Matched

FRAMES_LEAST: Final = 5
"""From fewer frontal pictures nothing is concluded, neither in the vision process nor by whoever believes it."""

_MINT: Final = object()


class NoProof(Exception):
    """A message that claims a match does not hold together."""


class LiveMatch:
    """`score`: distance between the embeddings, at most `threshold`. `liveness`: each signal by name.

    `frames`: how many pictures of the person the score rests on. `population`: whom the threshold is for; `validated`:
    its errors were measured on them and accepted.
    """

    __slots__ = (
        *("_frames", "_liveness", "_model", "_population"),
        *("_score", "_threshold", "_validated", "_weights_sha256"),
    )

    def __init__(self, mint: object, matched: Matched) -> None:
        if mint is not _MINT:
            raise TypeError("a LiveMatch comes from the vision process: LiveMatch.from_vision")
        self._model = matched.model
        self._weights_sha256 = matched.weights_sha256
        self._score = matched.score
        self._threshold = matched.threshold
        self._liveness = MappingProxyType(dict(matched.liveness))
        self._frames = matched.frames
        self._population = matched.population
        self._validated = matched.validated

    @classmethod
    def from_vision(cls, message: Matched) -> Self:
        """The only way to get one. Raises NoProof if the message contradicts itself or proves too little."""
        if not (math.isfinite(message.threshold) and 0 <= message.score <= message.threshold):
            raise NoProof("the score is not within the threshold")
        if not message.liveness or not all(map(math.isfinite, message.liveness.values())):
            raise NoProof("no signs of life")
        if message.frames < FRAMES_LEAST:
            raise NoProof(f"{message.frames} pictures are too few")
        if not message.model or len(message.weights_sha256) != 64:
            raise NoProof("it does not say which model compared")
        return cls(_MINT, message)

    @property
    def model(self) -> str:
        return self._model

    @property
    def weights_sha256(self) -> str:
        return self._weights_sha256

    @property
    def score(self) -> float:
        return self._score

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def liveness(self) -> Mapping[str, float]:
        return self._liveness

    @property
    def frames(self) -> int:
        return self._frames

    @property
    def population(self) -> str:
        return self._population

    @property
    def validated(self) -> bool:
        return self._validated

    def __repr__(self) -> str:
        return f"LiveMatch(model={self._model!r}, …)"
