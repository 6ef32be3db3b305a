"""Finds faces: 468 points each, by mediapipe's Face Mesh (Kartynnik et al. 2019, arXiv:1907.06724; wheel 0.10.21).

This module is the only one that knows mediapipe. Its legacy interface is used because later wheels carry no weights.
That interface wraps each picture's landmarks in 468 Python objects; here the bytes they came in are read instead, which
saves a tenth of the time it takes to find them. It rests on inner names of the one wheel that is pinned.
"""

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
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


Box = tuple[float, float, float, float]
"""Left, top, right, bottom of a face, in pixels; it may reach beyond the picture."""


@dataclass(frozen=True, repr=False)
class Mesh:
    """One face. `points`: 468 x 3, in pixels; x to the right and y down in the picture, z away from the camera.

    x and y start at the top left corner; z is zero near the middle of the head and has roughly the scale of x. What
    several measures ask for is worked out once.
    """

    points: Points

    @property
    def flat(self) -> Points:
        """The points in the picture, 468 x 2."""
        return self.points[:, :2]

    @cached_property
    def eye_distance_px(self) -> float:
        """Between the outer corners of the eyes, in the picture."""
        return self.apart_px(LEFT_EYE_OUTER, RIGHT_EYE_OUTER)

    @cached_property
    def height_px(self) -> float:
        """From the top of the forehead to the chin, in the picture."""
        return self.apart_px(CHIN, FOREHEAD)

    @cached_property
    def middle(self) -> tuple[float, float]:
        """Between the top of the forehead and the chin, in the picture."""
        (x, y, _), (across, down, _) = self.at(FOREHEAD), self.at(CHIN)
        return (x + across) / 2, (y + down) / 2

    @cached_property
    def box(self) -> Box:
        """What the points span."""
        (left, top, _), (right, bottom, _) = (end.reduce(self.points).tolist() for end in (np.minimum, np.maximum))
        return left, top, right, bottom

    def at(self, point: int) -> tuple[float, float, float]:
        """One point. A few of them are measured sooner as plain numbers than as arrays."""
        x, y, z = self.points[point].tolist()
        return x, y, z

    def apart_px(self, one: int, other: int) -> float:
        """Between two points, in the picture."""
        (x, y, _), (across, down, _) = self.at(one), self.at(other)
        return math.hypot(x - across, y - down)

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
            self._looked_at: object = None  # mediapipe's packet of the picture that its threads may still read
            # The graph starts with its first picture; a blank one leaves nothing behind.
            self.find(np.zeros((64, 64, 3), np.uint8))

    def find(self, rgb: Picture) -> list[Mesh]:
        """The faces in a picture (height x width x 3, RGB)."""
        return self.search(rgb)()

    def search(self, rgb: Picture) -> Callable[[], list[Mesh]]:
        """Begins to look for the faces in a picture, in threads of mediapipe's own: there is time for something else
        until one calls for them. The picture must stay as it is until then."""
        found = self._landmarks(rgb)
        scale = np.array((rgb.shape[1], rgb.shape[0], rgb.shape[1]), np.float64)
        return lambda: [Mesh(_points(face) * scale) for face in found()]

    def close(self) -> None:
        """Stops the graph; nothing of the last picture is kept."""
        self._solution.close()
        self._looked_at = None

    def _landmarks(self, rgb: Picture) -> Callable[[], list[bytes]]:
        """What `process` does (mediapipe/python/solution_base.py), up to where it would make objects of the answer."""
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings import _packet_getter
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        solution = self._solution
        if self._looked_at is not None:  # nobody called for it
            solution._graph.wait_until_idle()
        solution._graph_outputs.clear()
        solution._simulated_timestamp += _STEP_US
        shared = np.ascontiguousarray(rgb).view()
        shared.flags.writeable = False  # or mediapipe copies it, and nobody wipes the copy
        picture = packet_creator.create_image_frame(data=shared, image_format=ImageFormat.SRGB)
        # Whoever lets go of the packet last gives the array back to Python, and mediapipe's threads would do so without
        # the interpreter's lock: it is kept until they are done.
        self._looked_at = picture
        solution._graph.add_packet_to_input_stream(stream="image", packet=picture.at(solution._simulated_timestamp))

        def found() -> list[bytes]:
            solution._graph.wait_until_idle()
            self._looked_at = None
            packet = solution._graph_outputs.get("multi_face_landmarks")
            solution._graph_outputs.clear()
            if packet is None or packet.is_empty():
                return []
            return list(_packet_getter._get_serialized_proto_list(packet))

        return found


_STEP_US: Final = 33_333
"""From one picture to the next, as `process` counts."""

# One landmark as protobuf writes it (mediapipe/framework/formats/landmark.proto): two bytes of head, then each axis, a
# float after its field number.
_HEAD: Final = 2
_AXIS: Final = 1 + 4
_LANDMARK: Final = _HEAD + 3 * _AXIS
_FIELDS: Final = tuple(bytes([number]) * POINTS for number in (0x0D, 0x15, 0x1D))
_FLOAT: Final = np.dtype("<f4")


def _points(landmarks: bytes) -> NDArray[np.float32]:
    """Straight from where they are written."""
    fields = tuple(landmarks[_HEAD + axis * _AXIS :: _LANDMARK] for axis in range(3))
    if fields != _FIELDS or len(landmarks) != POINTS * _LANDMARK:
        raise ValueError("mediapipe's landmarks are not written as x, y, z")
    return np.ndarray((POINTS, 3), _FLOAT, landmarks, _HEAD + 1, (_LANDMARK, _AXIS))


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
