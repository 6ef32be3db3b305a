"""A print held before the camera: flat or bent around its upright, turned, tilted, rolled, moved.

Each pixel's line of sight is met with the paper, so the perspective is that of a pinhole camera and not an imitation.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.cameras.port import HEIGHT, WIDTH, Picture

SIDE_PX: Final = 430
FOCAL_PX: Final = 650.0
"""Of the simulated camera; the paper is as far away as makes one of its pixels one of the picture's."""
WALL: Final = (168, 172, 176)


@dataclass(frozen=True, slots=True)
class Pose:
    """How it is held. `bend_deg`: how much of a cylinder the paper covers, 0 for flat; positive: its middle is near.

    `scale`: above 1 it is nearer. `shift_px`: right and down in the picture.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    bend_deg: float = 0.0
    scale: float = 1.0
    shift_px: tuple[float, float] = (0.0, 0.0)


def held(print_: Picture, pose: Pose, behind: Picture | None = None) -> Picture:
    """The middle `SIDE_PX` of a picture of our format as a square print, seen by the camera; the wall around it.

    `behind`: what is seen instead of the wall and through holes, which a print has where its fourth channel is 0.
    """
    rotation = _rotation(pose)
    x, y = np.meshgrid(np.arange(WIDTH) - WIDTH / 2, np.arange(HEIGHT) - HEIGHT / 2)
    rays = np.stack([x, y, np.full_like(x, FOCAL_PX)], axis=-1) @ rotation
    middle = FOCAL_PX / pose.scale
    eye = -np.array([pose.shift_px[0] / pose.scale, pose.shift_px[1] / pose.scale, middle]) @ rotation
    along, down = _met(eye, rays, math.radians(pose.bend_deg))
    where = np.stack([along + WIDTH / 2, down + HEIGHT / 2], axis=-1).astype(np.float32)
    picture = np.asarray(cv2.remap(print_, where, np.empty(0), cv2.INTER_LINEAR), np.uint8)
    paper = (np.abs(along) <= SIDE_PX / 2) & (np.abs(down) <= SIDE_PX / 2)
    if picture.shape[2] == 4:
        paper &= picture[:, :, 3] > 127
    around = np.full((HEIGHT, WIDTH, 3), WALL, np.uint8) if behind is None else behind
    return np.where(paper[:, :, None], picture[:, :, :3], around)


def _met(
    eye: NDArray[np.float64], rays: NDArray[np.float64], bend: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where lines of sight meet the paper: along its curve and down it, in its own pixels."""
    if not bend:
        far = -eye[2] / rays[:, :, 2]
        return eye[0] + far * rays[:, :, 0], eye[1] + far * rays[:, :, 1]
    # A cylinder through the paper's middle, its axis upright behind it (or before it): x² + (z - r)² = r².
    radius = SIDE_PX / bend
    a = rays[:, :, 0] ** 2 + rays[:, :, 2] ** 2
    b = eye[0] * rays[:, :, 0] + (eye[2] - radius) * rays[:, :, 2]
    c = eye[0] ** 2 + (eye[2] - radius) ** 2 - radius**2
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    far = (-b - math.copysign(1.0, radius) * root) / a
    across, depth = eye[0] + far * rays[:, :, 0], eye[2] + far * rays[:, :, 2]
    along = radius * np.arctan2(across / radius, (radius - depth) / radius)
    missed = b * b < a * c
    return np.where(missed, np.inf, along), eye[1] + far * rays[:, :, 1]


def _rotation(pose: Pose) -> NDArray[np.float64]:
    """From the paper's axes to the camera's; turned to its own left, the paper's right edge goes away."""
    yaw, pitch, roll = np.radians((-pose.yaw_deg, -pose.pitch_deg, pose.roll_deg))
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation: NDArray[np.float64] = about_z @ about_x @ about_y
    return rotation
