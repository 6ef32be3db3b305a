"""The slot for a passive anti-spoof network: one picture, a face or a picture of one? None is shipped.

What the network wants and what its answer means stands in the manifest (`models.manifest.AntiSpoof`). It is asked of
one picture of each look; the lowest answer counts.
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from models import manifest, runtime
from models.landmarks import Mesh, Picture
from models.manifest import ModelRefused

_COLOURS: Final = {"rgb": slice(None), "bgr": slice(None, None, -1)}


class SpoofDetector:
    """Runs one anti-spoof network of the manifest on one thread."""

    def __init__(self, entry: manifest.AntiSpoof, folder: Path) -> None:
        """Raises ModelRefused."""
        self.entry = entry
        network = entry.read(folder)
        onnxruntime = runtime.onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        except Exception as trouble:  # onnxruntime's errors have no common base below this one
            raise ModelRefused(f"{entry.file}: {type(trouble).__name__}, it does not load") from None

    def live(self, rgb: Picture, face: Mesh) -> float:
        """The share of the class that is live, 0 to 1; not a number when the answer is not of the shape promised."""
        side, looks = self.entry.input_px, self.entry.preprocessing
        (left, top), (right, bottom) = face.flat.min(axis=0), face.flat.max(axis=0)
        scale = side / (max(right - left, bottom - top) * self.entry.crop_scale)
        shift = side / 2 - scale * np.array([left + right, top + bottom]) / 2
        window = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        crop = cv2.warpAffine(rgb, window, (side, side), borderMode=cv2.BORDER_REPLICATE)
        tensor = np.ascontiguousarray(crop[..., _COLOURS[looks.colour]].transpose(2, 0, 1)[None], np.float32)
        tensor = (tensor - np.float32(looks.mean)) / np.float32(looks.divisor)
        (answer,) = self._session.run(None, {self._session.get_inputs()[0].name: tensor})
        values = np.asarray(answer, np.float64).ravel()
        if values.shape != (self.entry.classes,):
            return float("nan")
        shares = np.exp(values - values.max())
        return float(shares[self.entry.live_class] / shares.sum())


def detector(folder: Path) -> SpoofDetector | None:
    """What fills the slot, or None: the manifests list no such network. Raises ModelRefused for one that is wrong."""
    for entry in manifest.models(folder).values():
        if isinstance(entry, manifest.AntiSpoof):
            return SpoofDetector(entry, folder)
    return None
