"""What somebody does before the camera, picture by picture: a person who follows, and people who pretend.

A performance is a list of pictures with their times, made without a clock and without a camera. It follows a script of
gestures; whoever holds up a print moves the print instead. So the same script is played by the simulated head and by
every attack on it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import cv2
import numpy as np

from hardware.cameras.head import Head
from hardware.cameras.port import HEIGHT, WIDTH, Frame, Picture
from hardware.cameras.puppet import sensor_noise
from hardware.cameras.sheet import Pose, held

Gesture = Literal["left", "right", "up", "open"]

FRAMES_PER_S: Final = 15
LOOK_S: Final = 0.9
MOVE_S: Final = 0.5
HELD_S: Final = 0.5
PATIENCE_S: Final = 11.0
"""How long an attack keeps trying its last gesture: longer than a step may take."""

_NOISE_MARGIN: Final = 64


@dataclass(frozen=True, slots=True)
class Stance:
    """How a head is held: degrees to its own left and upwards, and how far the mouth is open (0 to 1)."""

    turn_deg: float = 0.0
    lift_deg: float = 0.0
    mouth: float = 0.0


GOALS: Final[dict[Gesture, Stance]] = {
    "left": Stance(turn_deg=24.0),
    "right": Stance(turn_deg=-24.0),
    "up": Stance(lift_deg=16.0),
    "open": Stance(mouth=1.0),
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and how somebody stands. `light`: 1 as in the portrait; `blur_px`: standard deviation; `size`: 1 for a face
    of about half the picture's height; `up_px`: how much higher than the middle."""

    light: float = 1.0
    blur_px: float = 0.0
    size: float = 1.0
    up_px: float = 0.0
    frames_per_s: float = FRAMES_PER_S


Player = Callable[[Stance, float], Picture]
"""Draws the stance at a time."""


def script(order: Sequence[Gesture], last_s: float = HELD_S) -> list[tuple[float, Stance]]:
    """When which stance is reached: a look, a gesture, back to the front, the next; the last is held for `last_s`."""
    rest, at_s = Stance(), LOOK_S
    reached = [(0.0, rest), (at_s, rest)]
    for number, gesture in enumerate(order, 1):
        holding_s = last_s if number == len(order) else HELD_S
        for stance, takes_s in ((GOALS[gesture], MOVE_S), (GOALS[gesture], holding_s), (rest, MOVE_S), (rest, LOOK_S)):
            at_s += takes_s
            reached.append((at_s, stance))
    return reached


def played(
    player: Player, reached: list[tuple[float, Stance]], conditions: Conditions = Conditions(), seed: int = 1
) -> Iterator[Frame]:
    """The pictures of a performance, with a sensor's noise."""
    random, noise = np.random.default_rng(seed), sensor_noise()
    for number in range(int(reached[-1][0] * conditions.frames_per_s)):
        time_s = number / conditions.frames_per_s
        picture = _seen(player(_at(reached, time_s), time_s), conditions)
        top, left = random.integers(0, _NOISE_MARGIN, 2)
        grain = noise[top : top + HEIGHT, left : left + WIDTH]
        yield Frame(np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8), time_s)


# Who plays.


def person(head: Head) -> Player:
    """The simulated head. Nobody keeps quite still."""

    def draw(stance: Stance, time_s: float) -> Picture:
        sway = np.sin(1.9 * time_s), np.sin(1.3 * time_s + 1), np.sin(0.8 * time_s + 2)
        turned, lifted = stance.turn_deg + 0.9 * sway[0], stance.lift_deg + 0.8 * sway[1]
        return head.picture(turned, lifted, (2 * sway[2], 1.5 * sway[1]), stance.mouth)

    return draw


def sheet(portrait: Picture, hold: Callable[[Stance], Pose], behind: Picture | None = None) -> Player:
    """A print of the portrait, held as `hold` says; `behind` is seen through its holes. A hand is never quite still."""

    def draw(stance: Stance, time_s: float) -> Picture:
        pose = hold(stance)
        shift = (pose.shift_px[0] + 4 * np.sin(1.3 * time_s), pose.shift_px[1] + 3 * np.sin(0.8 * time_s))
        return held(portrait, replace(pose, yaw_deg=pose.yaw_deg + 2 * np.sin(1.9 * time_s), shift_px=shift), behind)

    return draw


def moved(stance: Stance) -> Pose:
    """To the side and nearer, but not turned."""
    return Pose(shift_px=(3 * stance.turn_deg, -3 * stance.lift_deg), scale=1 + 0.15 * stance.mouth)


def rotated(stance: Stance) -> Pose:
    """Turned twice as far as a head would be."""
    return Pose(yaw_deg=2 * stance.turn_deg, pitch_deg=2 * stance.lift_deg, scale=1 + 0.15 * stance.mouth)


def bent(stance: Stance) -> Pose:
    """Rolled to a part of a cylinder, as around a face, and turned."""
    return replace(rotated(stance), bend_deg=90.0)


def bending(stance: Stance) -> Pose:
    """Bent more and more, and turned with it."""
    return replace(rotated(stance), bend_deg=2.5 * abs(stance.turn_deg) + 2.5 * abs(stance.lift_deg))


def with_holes(portrait: Picture, holes: Sequence[tuple[float, float]], radius_px: int = 13) -> Picture:
    """The print with round holes, as a fourth channel that is 0 there."""
    solid = np.full((HEIGHT, WIDTH), 255, np.uint8)
    for x, y in holes:
        cv2.circle(solid, (round(x), round(y)), radius_px, (0,), -1)
    return np.dstack([portrait, solid])


def taking_over(first: Player, then: Player, at_s: float) -> Player:
    """Somebody else in the very same place from then on."""
    return lambda stance, time_s: (first if time_s < at_s else then)(stance, time_s)


def beside(player: Player, other: Picture, size: float = 0.62) -> Player:
    """A second face, near and as still as a cardboard."""
    small = np.asarray(cv2.resize(other[60:420, 180:460], None, fx=size, fy=size), np.uint8)

    def draw(stance: Stance, time_s: float) -> Picture:
        picture = player(stance, time_s).copy()
        picture[20 : 20 + small.shape[0], 4 : 4 + small.shape[1]] = small
        return picture

    return draw


def looped(frames: Sequence[Frame], seconds: float, anew: bool, seed: int = 1) -> Iterator[Frame]:
    """These pictures again and again; `anew`: with other noise each time, as after another compression."""
    random = np.random.default_rng(seed)
    period_s = frames[1].time_s - frames[0].time_s
    for number in range(int(seconds / period_s)):
        rgb = frames[number % len(frames)].rgb
        grain = random.integers(-2, 3, rgb.shape, np.int16) if anew else np.zeros((), np.int16)
        yield Frame(np.clip(rgb + grain, 0, 255).astype(np.uint8), number * period_s)


def frozen(frames: Sequence[Frame], at_s: float, seconds: float) -> Iterator[Frame]:
    """A stream that stops at a picture and goes on with its times."""
    last = next(frame for frame in frames if frame.time_s >= at_s)
    period_s = frames[1].time_s - frames[0].time_s
    for number in range(int(seconds * FRAMES_PER_S)):
        time_s = number * period_s
        yield Frame((frames[number] if time_s < at_s else last).rgb.copy(), time_s)


def _at(reached: list[tuple[float, Stance]], time_s: float) -> Stance:
    """Between two stances gently."""
    for (start_s, start), (end_s, end) in pairwise(reached):
        if time_s < end_s:
            part = (time_s - start_s) / (end_s - start_s)
            part = part * part * (3 - 2 * part)
            return Stance(
                start.turn_deg + (end.turn_deg - start.turn_deg) * part,
                start.lift_deg + (end.lift_deg - start.lift_deg) * part,
                start.mouth + (end.mouth - start.mouth) * part,
            )
    return reached[-1][1]


def _seen(picture: Picture, conditions: Conditions) -> Picture:
    if conditions.size != 1.0 or conditions.up_px:
        size = conditions.size
        window = np.array([[size, 0, WIDTH / 2 * (1 - size)], [0, size, HEIGHT / 2 * (1 - size) - conditions.up_px]])
        picture = np.asarray(
            cv2.warpAffine(picture, window, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    if conditions.blur_px:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), conditions.blur_px), np.uint8)
    if conditions.light != 1.0:
        picture = np.asarray(cv2.convertScaleAbs(picture, alpha=conditions.light), np.uint8)
    return picture
