"""Finds faces: 468 points each, by mediapipe's Face Mesh (Kartynnik et al. 2019, arXiv:1907.06724; wheel 0.10.21).

This module is the only one that knows mediapipe. Its legacy interface is used because later wheels carry no weights.
That interface wraps each picture's landmarks in 468 Python objects; here the bytes they came in are read instead, which
saves a tenth of the time it takes to find them. It rests on inner names of the one wheel that is pinned.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models import runtime

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

POINTS: Final = 468

# Indices into the mesh. "Left" is the person's own left throughout.
RIGHT_EYE_OUTER, RIGHT_EYE_INNER = 33, 133
LEFT_EYE_OUTER, LEFT_EYE_INNER = 263, 362
NOSE_TIP, NOSE_BASE, FOREHEAD, CHIN = 4, 2, 10, 152
RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 61, 291


@dataclass(frozen=True, slots=True, repr=False)
class Mesh:
    """One face. `points`: 468 x 3, in pixels; x to the right and y down in the picture, z away from the camera.

    x and y start at the top left corner; z is zero near the middle of the head and has roughly the scale of x.
    """

    points: Points

    @property
    def flat(self) -> Points:
        """The points in the picture, 468 x 2."""
        return self.points[:, :2]

    @property
    def eye_distance_px(self) -> float:
        """Between the outer corners of the eyes, in the picture."""
        return float(np.linalg.norm(self.flat[LEFT_EYE_OUTER] - self.flat[RIGHT_EYE_OUTER]))

    @property
    def height_px(self) -> float:
        """From the top of the forehead to the chin, in the picture."""
        return float(np.linalg.norm(self.flat[CHIN] - self.flat[FOREHEAD]))

    def __repr__(self) -> str:
        return "Mesh(…)"


def import_models() -> None:
    """Takes a second, starts no thread, and need not be done again by processes that are forked afterwards."""
    with _silence():
        runtime.onnxruntime()
        from mediapipe.python.solutions import face_mesh  # noqa: F401


class FaceMesh:
    """Finds up to two faces: a second one is worth knowing, a third makes no difference. One thread at a time."""

    @classmethod
    def for_video(cls) -> Self:
        """Follows faces from one picture to the next; only for pictures of one stream."""
        return cls(static_image_mode=False, max_num_faces=2)

    @classmethod
    def for_stills(cls) -> Self:
        """Searches every picture anew."""
        return cls(static_image_mode=True, max_num_faces=2, min_detection_confidence=0.3)

    def __init__(self, **options: Any) -> None:
        with _silence():
            from mediapipe.python.solutions import face_mesh

            self._solution = face_mesh.FaceMesh(**options)
            # The graph starts with its first picture; a blank one leaves nothing behind.
            self.find(np.zeros((64, 64, 3), np.uint8))

    def find(self, rgb: Picture) -> list[Mesh]:
        """The faces in a picture (height x width x 3, RGB)."""
        height, width = rgb.shape[:2]
        return [Mesh(_points(face) * (width, height, width)) for face in self._landmarks(rgb)]

    def close(self) -> None:
        """Stops the graph; nothing of the last picture is kept."""
        self._solution.close()

    def _landmarks(self, rgb: Picture) -> list[bytes]:
        """What `process` does (mediapipe/python/solution_base.py), up to where it would make objects of the answer."""
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings import _packet_getter
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        solution = self._solution
        solution._graph_outputs.clear()
        solution._simulated_timestamp += _STEP_US
        picture = packet_creator.create_image_frame(data=rgb, image_format=ImageFormat.SRGB)
        solution._graph.add_packet_to_input_stream(stream="image", packet=picture.at(solution._simulated_timestamp))
        solution._graph.wait_until_idle()
        found = solution._graph_outputs.get("multi_face_landmarks")
        solution._graph_outputs.clear()
        return [] if found is None or found.is_empty() else list(_packet_getter._get_serialized_proto_list(found))


_STEP_US: Final = 33_333
"""From one picture to the next, as `process` counts."""

# One landmark as protobuf writes it (mediapipe/framework/formats/landmark.proto): head, then each axis after its field
# number.
_LANDMARK: Final = np.dtype(
    [("head", "V2"), ("x#", "u1"), ("x", "<f4"), ("y#", "u1"), ("y", "<f4"), ("z#", "u1"), ("z", "<f4")]
)
_FIELDS: Final = {"x#": 0x0D, "y#": 0x15, "z#": 0x1D}


def _points(landmarks: bytes) -> Points:
    written = np.frombuffer(landmarks, _LANDMARK)
    if len(written) != POINTS or any((written[name] != number).any() for name, number in _FIELDS.items()):
        raise ValueError("mediapipe's landmarks are not written as x, y, z")
    return np.stack([written["x"], written["y"], written["z"]], axis=1, dtype=np.float64)


@contextmanager
def _silence() -> Iterator[None]:
    """mediapipe's native libraries greet on file descriptor 2 and offer no switch; nothing there is ours to report."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
