"""A face as 128 numbers: dlib's ResNet (King 2017, "High Quality Face Recognition with Deep Metric Learning")."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models import manifest
from models.landmarks import LEFT_EYE_INNER, LEFT_EYE_OUTER, NOSE_BASE, RIGHT_EYE_INNER, RIGHT_EYE_OUTER, Mesh, Picture

CHIP_PX: Final = 150

# dlib's mean shape of its five-point model (dlib/image_transforms/interpolation.h, get_face_chip_details), padded by
# a quarter on each side, and the points of the mesh that stand for the same places.
_PADDING: Final = 0.25
_MEAN_SHAPE: Final = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_TEMPLATE: Final = (_MEAN_SHAPE + _PADDING) / (1 + 2 * _PADDING) * CHIP_PX
_FIVE: Final = [LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_INNER, NOSE_BASE]


@dataclass(frozen=True, slots=True, repr=False)
class Embedding:
    """128 values; the distance between two tells how much the faces differ."""

    values: NDArray[np.float32]

    @classmethod
    def mean(cls, embeddings: Sequence["Embedding"]) -> Self:
        """The centre of several embeddings of one face. Raises ValueError for none."""
        if not embeddings:
            raise ValueError("the mean of no embeddings")
        return cls(np.mean([e.values for e in embeddings], axis=0, dtype=np.float32))

    def distance(self, other: "Embedding") -> float:
        """Euclidean."""
        return float(np.linalg.norm(self.values - other.values))

    def __repr__(self) -> str:
        return "Embedding(…)"


def chip(rgb: Picture, mesh: Mesh) -> Picture:
    """The face cut out and turned upright, 150 x 150 x 3, as the network wants it."""
    five = mesh.flat[_FIVE]
    transform, scale = _similarity(five)
    while scale < 0.5:
        # Halve first, or the warp skips pixels.
        rgb, five = np.asarray(cv2.pyrDown(rgb), np.uint8), five / 2
        transform, scale = _similarity(five)
    return np.asarray(cv2.warpAffine(rgb, transform, (CHIP_PX, CHIP_PX), flags=cv2.INTER_LINEAR), np.uint8)


def _similarity(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The rotation, scale and shift that bring `points` closest to the template: a 2 x 3 matrix, and its scale.

    Least squares over complex numbers: template = a * point + b.
    """
    source, target = points @ (1, 1j), _TEMPLATE @ (1, 1j)
    centred = source - source.mean()
    a = np.vdot(centred, target - target.mean()) / np.vdot(centred, centred).real
    b = target.mean() - a * source.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]]), float(abs(a))


class Embedder:
    """Runs one embedding network of the manifest on one thread."""

    def __init__(self, folder: Path, name: str) -> None:
        """Loads the model `name` from `folder`. Raises manifest.ModelRefused."""
        self.name = name
        self.model = manifest.model(name)
        if self.model.task is not manifest.Task.EMBEDDING or self.model.thresholds is None:
            raise manifest.ModelRefused(f"{name} is not a model that compares faces")
        self.thresholds = self.model.thresholds
        network = self.model.read(folder)

        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

    def embed(self, chip: Picture) -> Embedding:
        """The mean of a chip's embedding and its mirror image's: less noise for twice the time."""
        both = np.stack([chip, chip[:, ::-1]]).transpose(0, 3, 1, 2).astype(np.float32)
        (values,) = self._session.run(None, {"rgb": np.ascontiguousarray(both)})
        return Embedding(values.mean(axis=0))
