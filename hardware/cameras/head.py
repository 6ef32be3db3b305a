"""A head in three dimensions out of one portrait.

Landmarks with depth, and a ring around them for skull and hair, are turned and projected; the picture is stretched over
the triangles between them.

Such a puppet follows every prompt and passes the liveness check by construction. It is the demonstration's citizen, and
it is also exactly what the check cannot catch: an animated photograph.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.cameras.port import HEIGHT, WIDTH, Picture

Landmarks = Callable[[Picture], "NDArray[np.float64] | None"]
"""Finds one face in an RGB picture: N x 3 points in pixels (x, y, z away from the camera), or None."""

MAX_TURN_DEG: Final = 35.0
MAX_TILT_DEG: Final = 18.0
FACE_HEIGHT_PX: Final = 230.0

_STEP_DEG: Final = 5
_YAWS_DEG: Final = range(-int(MAX_TURN_DEG), int(MAX_TURN_DEG) + 1, _STEP_DEG)
_PITCH_DEG: Final = 12.0
_CAMERA_IN_HEADS: Final = 4.5

# Points of mediapipe's mesh along the inner edges of the lips, from the person's right to their left.
_UPPER_LIP: Final = [191, 80, 81, 82, 13, 312, 311, 310, 415]
_LOWER_LIP: Final = [95, 88, 178, 87, 14, 317, 402, 318, 324]
_UNDER_LOWER_LIP: Final = 17
_MOUTH_DARK: Final = (45, 15, 25)
_MOUTH_SHOWS: Final = 0.05


class NoFace(Exception):
    """A portrait in which no face is found cannot be animated."""


def framed(portrait: Picture, landmarks: Landmarks) -> Picture:
    """The portrait cut to our format with the face in the middle. Raises NoFace."""
    points = landmarks(portrait)
    if points is None:
        raise NoFace("no face in the portrait")
    flat = points[:, :2]
    scale = FACE_HEIGHT_PX / np.ptp(flat[:, 1])
    centre = (flat.min(axis=0) + flat.max(axis=0)) / 2
    shift = np.array((WIDTH / 2, HEIGHT / 2)) - scale * centre
    window = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    cut = cv2.warpAffine(portrait, window, (WIDTH, HEIGHT), flags=kind, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


class Head:
    """Pictures of one portrait's head in any pose.

    Each pose is a map that says for every pixel where in the portrait it comes from. The maps of some poses are made at
    the start (about a second); a pose in between is mixed from its neighbours, so that a frame costs few milliseconds.
    """

    def __init__(self, portrait: Picture, landmarks: Landmarks) -> None:
        """`portrait`: RGB of any size. Raises NoFace."""
        self.portrait = framed(portrait, landmarks)
        points = landmarks(self.portrait)
        if points is None:
            raise NoFace("no face in the portrait once it is cut to size")
        mesh = _Solid(points)
        self._turned = [mesh.map(yaw, 0.0) for yaw in _YAWS_DEG]
        straight = self._turned[len(self._turned) // 2]
        self._lowered = mesh.map(0.0, -_PITCH_DEG) - straight
        self._lifted = mesh.map(0.0, _PITCH_DEG) - straight
        self._opened = mesh.map(0.0, 0.0, mouth=1.0) - straight
        self._open_mouthed = _darkened(self.portrait, points)

    def picture(
        self, yaw_deg: float, pitch_deg: float, shift_px: tuple[float, float] = (0.0, 0.0), mouth: float = 0.0
    ) -> Picture:
        """The head turned to its own left by `yaw_deg`, lifted by `pitch_deg`, moved right and down by `shift_px`.

        `mouth`: from 0, as in the portrait, to 1, wide open.
        """
        steps = (min(max(yaw_deg, -MAX_TURN_DEG), MAX_TURN_DEG) + MAX_TURN_DEG) / _STEP_DEG
        below = min(int(steps), len(self._turned) - 2)
        part = steps - below
        where = cv2.addWeighted(self._turned[below], 1 - part, self._turned[below + 1], part, 0)
        tilt = self._lifted if pitch_deg > 0 else self._lowered
        where = cv2.scaleAdd(tilt, min(abs(pitch_deg), MAX_TILT_DEG) / _PITCH_DEG, where)
        skin = self.portrait
        if mouth > _MOUTH_SHOWS:
            where = cv2.scaleAdd(self._opened, min(mouth, 1.0), where)
            skin = self._open_mouthed
        moved = np.asarray(where, np.float32) - np.asarray(shift_px, np.float32)
        seen = cv2.remap(skin, moved, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(seen, np.uint8)


class _Solid:
    """The points in space, and the triangles between them."""

    def __init__(self, landmarks: NDArray[np.float64]) -> None:
        centre = landmarks[:, :2].mean(axis=0)
        radius = np.ptp(landmarks[:, 1]) / 2
        back = landmarks[:, 2].max()
        angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        ring = np.column_stack(
            [
                centre[0] + 1.28 * radius * np.cos(angles),
                centre[1] + 1.55 * radius * np.sin(angles),
                np.full(len(angles), back + 0.55 * radius),
            ]
        )
        self._points = np.vstack([landmarks, ring])
        self._radius = radius
        self._axis = np.array([centre[0], centre[1] + 0.2 * radius, back + 0.3 * radius])
        self._distance = 2 * _CAMERA_IN_HEADS * radius
        self._frame = np.array(
            [(x, y) for x in np.linspace(0, WIDTH - 1, 9) for y in (0, HEIGHT - 1)]
            + [(x, y) for y in np.linspace(0, HEIGHT - 1, 7)[1:-1] for x in (0, WIDTH - 1)]
        )
        flat = np.vstack([self._points[:, :2], self._frame])
        self._source = np.clip(flat, 0, (WIDTH - 1, HEIGHT - 1))
        self._triangles = _delaunay(self._source)

    def map(self, yaw_deg: float, pitch_deg: float, mouth: float = 0.0) -> NDArray[np.float32]:
        """For each pixel (HEIGHT x WIDTH) the place in the portrait (x, y) it shows."""
        goal, depth = self._projected(yaw_deg, pitch_deg)
        goal[:, 1] += self._dropped(mouth)
        corners = np.concatenate([goal[self._triangles], np.ones((len(self._triangles), 3, 1))], axis=2)
        upright = np.abs(np.linalg.det(corners)) > 1e-3
        triangles, corners = self._triangles[upright], corners[upright]
        affine = np.linalg.solve(corners, self._source[triangles])

        # Paint each triangle's number, the farthest first, so that what is near hides what is behind it.
        number = np.zeros((HEIGHT, WIDTH), np.int32)
        fixed_point = np.round(corners[:, :, :2] * 16).astype(np.int32)
        for index in np.argsort(-depth[triangles].mean(axis=1)):
            cv2.fillConvexPoly(number, fixed_point[index], (int(index),), shift=4)

        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        chosen = affine.astype(np.float32)[number]
        where: NDArray[np.float32] = chosen[:, :, 0] * x[..., None] + chosen[:, :, 1] * y[..., None] + chosen[:, :, 2]
        return np.ascontiguousarray(where)

    def _projected(self, yaw_deg: float, pitch_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where every point is seen, and how far away it is; at rest exactly where the portrait has it."""
        yaw, pitch = np.radians((-yaw_deg, -pitch_deg))
        about_vertical = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        about_across = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
        rest = self._points - self._axis
        turned = rest @ (about_across @ about_vertical).T
        moved = self._seen(turned) - self._seen(rest)
        goal = np.vstack([self._points[:, :2] + moved, self._frame])
        return goal, np.concatenate([turned[:, 2], np.full(len(self._frame), np.inf)])

    def _dropped(self, mouth: float) -> NDArray[np.float64]:
        """How far each point goes down with the jaw: all below the mouth, the lower lip's inner edge most of all."""
        down = np.zeros(len(self._points) + len(self._frame))
        if mouth:
            x, y = self._points[:, 0], self._points[:, 1]
            middle, under = self._points[_LOWER_LIP[4]], self._points[_UNDER_LOWER_LIP]
            jaw = 0.3 * mouth * self._radius
            below = np.clip((y - self._points[_UPPER_LIP[4], 1]) / (under[1] - middle[1] + 1e-6), 0, 1)
            near = np.exp(-(((x - middle[0]) / (0.55 * self._radius)) ** 2))
            down[: len(self._points)] = jaw * below * near * (y < under[1] + 2 * self._radius)
            down[_UPPER_LIP] = 0.0
            gap = self._points[_LOWER_LIP, 0] - middle[0]
            down[_LOWER_LIP] = jaw * np.exp(-((gap / (0.35 * self._radius)) ** 2))
        return down

    def _seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        seen: NDArray[np.float64] = points[:, :2] * (self._distance / (self._distance + points[:, 2:]))
        return seen


def _darkened(portrait: Picture, landmarks: NDArray[np.float64]) -> Picture:
    """The portrait with the dark of an open mouth between the lips, a line only as long as they are closed."""
    lips = np.round(landmarks[[*_UPPER_LIP, *reversed(_LOWER_LIP)], :2]).astype(np.int32)
    dark = portrait.copy()
    cv2.fillPoly(dark, [lips], _MOUTH_DARK)
    return np.asarray(cv2.addWeighted(dark, 0.85, portrait, 0.15, 0), np.uint8)


def _delaunay(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The Delaunay triangles of points in the picture, N x 3 indices."""
    subdivision = cv2.Subdiv2D((-1, -1, WIDTH + 2, HEIGHT + 2))
    # Subdiv2D answers in coordinates; rounding to 1/256 px makes them findable again.
    keys = np.round(points * 256).astype(np.int64)
    index = {(x, y): number for number, (x, y) in enumerate(keys.tolist())}
    for x, y in index:
        subdivision.insert((x / 256, y / 256))
    corners = np.asarray(subdivision.getTriangleList()).reshape(-1, 3, 2)
    found = [
        [index.get((x, y), -1) for x, y in triangle] for triangle in np.round(corners * 256).astype(np.int64).tolist()
    ]
    return np.array([triangle for triangle in found if min(triangle) >= 0])
