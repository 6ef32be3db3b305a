"""A face as numbers, by whatever embedding network the manifest describes.

Two families fit without a line of code: dlib's (King 2017, "High Quality Face Recognition with Deep Metric Learning":
150 x 150, compared by Euclidean distance) and ArcFace's (Deng et al. 2019, arXiv:1801.07698: 112 x 112, by cosine).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models import alignment, manifest, runtime
from models.landmarks import Mesh, Picture
from models.manifest import DEMONSTRATION, Metric, ModelRefused

_COLOURS: Final = {"rgb": slice(None), "bgr": slice(None, None, -1)}


@dataclass(frozen=True, slots=True, repr=False)
class Embedding:
    """The numbers, and how they are compared."""

    values: NDArray[np.float32]
    compared_by: Metric = Metric.EUCLIDEAN

    @classmethod
    def mean(cls, embeddings: Sequence["Embedding"], weights: Sequence[float] | None = None) -> Self:
        """The centre of several embeddings of one face, each counting by its weight. Raises ValueError for none."""
        if not embeddings:
            raise ValueError("the mean of no embeddings")
        values = np.average([each.values for each in embeddings], axis=0, weights=weights)
        return cls(values.astype(np.float32), embeddings[0].compared_by)

    def distance(self, other: "Embedding") -> float:
        """How much the faces differ: 0 for the same numbers. Not a number if either has no direction to compare."""
        if self.compared_by is Metric.EUCLIDEAN:
            return float(np.linalg.norm(self.values - other.values))
        lengths = float(np.linalg.norm(self.values) * np.linalg.norm(other.values))
        return 1.0 - float(self.values @ other.values) / lengths if lengths else float("nan")

    def __repr__(self) -> str:
        return "Embedding(…)"


class Embedder:
    """Runs one embedding network of the manifest on one thread; `point`: what its distances mean here."""

    def __init__(self, folder: Path, name: str, population: str = DEMONSTRATION) -> None:
        """Loads the model `name` from `folder`, set for `population`. Raises ModelRefused."""
        self.name = name
        self.model = manifest.embedding(name, folder)
        self.population = population
        self.point = self.model.point_for(population)
        network = self.model.read(folder)

        onnxruntime = runtime.onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
            self._input, self._output = _ends(self._session, self.model)
        except ValueError as trouble:
            raise ModelRefused(f"{name}: {trouble}") from None
        except Exception as trouble:  # onnxruntime's errors have no common base below this one
            raise ModelRefused(f"{name}: {type(trouble).__name__}, it does not load") from None

    def warm_up(self) -> None:
        """The first run takes longer; no citizen should wait for it."""
        side = self.model.input_px
        self.embed(np.zeros((side, side, 3), np.uint8))

    def chip(self, rgb: Picture, mesh: Mesh) -> Picture:
        """The face as the network wants to see it, still as pixels."""
        return alignment.chip(rgb, mesh, self.model.alignment, self.model.input_px)

    def embed(self, chip: Picture) -> Embedding:
        """The mean of a chip's embedding and its mirror image's: less noise for twice the time."""
        looks = self.model.preprocessing
        both = np.stack([chip, chip[:, ::-1]])[..., _COLOURS[looks.colour]].transpose(0, 3, 1, 2)
        tensor = np.ascontiguousarray(both, np.float32)
        if looks.mean:
            tensor -= looks.mean
        if looks.divisor != 1:
            tensor /= looks.divisor
        (values,) = self._session.run([self._output], {self._input: tensor})
        metric = self.model.output.compared_by
        if metric is Metric.COSINE:
            values = values / np.linalg.norm(values, axis=1, keepdims=True).clip(1e-12)
        return Embedding(values.mean(axis=0), metric)


def _ends(session: object, model: manifest.Embedding) -> tuple[str, str]:
    """The names of what goes in and what comes out, if their shapes are the manifest's. Raises ValueError."""
    (pixels, *more_in), (values, *more_out) = session.get_inputs(), session.get_outputs()  # type: ignore[attr-defined]
    if more_in or more_out:
        raise ValueError("one picture in and one embedding out is expected")
    side, count = model.input_px, model.output.values
    if list(pixels.shape[1:]) != [3, side, side] or pixels.type != "tensor(float)":
        raise ValueError(f"it takes {pixels.type} {pixels.shape}, the manifest says 3 x {side} x {side} float")
    if list(values.shape[1:]) != [count]:
        raise ValueError(f"it gives {values.shape}, the manifest says {count} values")
    if pixels.shape[0] == 1:
        raise ValueError("its batch is fixed to one picture; a face and its mirror image go in together")
    return pixels.name, values.name
