"""Gestures asked one after the other, and a small state machine that sees whether they are made.

The theory. A photograph cannot turn its head: held at an angle it stays flat, which `depth` tells. A recording can, but
does not know what is asked first, so another gesture ends the check. Between the gestures the face comes back to the
front: there it is compared with the card, and each gesture starts from a pose that was held.

    asked          the picture shows                                        next
    LOOK, BACK     a clear, quiet, frontal face for HOLD_S, after a         the next step; after the last: passed
                   gesture with the pose and mouth of before
    LEFT, RIGHT,   all of the gesture with depth, in HOLD_FRAMES pictures   BACK; after the last: LIGHT or passed
    UP, OPEN       (an open mouth has no depth of its own)
                   another gesture                                          failed: WRONG_GESTURE
                   nothing of this within STEP_S                            failed: FLAT if made flat, else TIME_OUT
    BACK           nothing of this within STEP_S                            failed: TIME_OUT
    LIGHT          a face while every colour was shown                      passed; `policy` judges the reflection
    any            no single face for LOST_S, no picture for GAP_S,         starts over with a new order
                   or the face is suddenly elsewhere or another
    any            too few pictures a second                                failed: TOO_SLOW
    any            the same picture for FROZEN_S                            failed: FROZEN
    any            a picture or movement that was there before              failed: LOOPED
    any            TOTAL_S are over                                         failed: NOT_SEEN without a face, or TIME_OUT

Times are what the pictures say, so nothing here waits and a test needs no clock.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from models.landmarks import Mesh, Picture
from models.liveness.continuity import Patch, alike
from models.liveness.depth import Depth, measured
from models.liveness.gestures import Asked, Motion, Order, eyes_open, random_order
from models.liveness.light import Colour, Lamp, skin
from models.liveness.policy import Failure, deep_enough
from models.liveness.stream import GAP_S, Memory, Pace, Print
from models.pose import yaw_deg

FRONTAL_DEG: Final = 12.0
"""A face that looks this far past the camera still counts as frontal: few people stand exactly before it."""
QUIET_DEG: Final = 6.0
"""How much the face may turn while it is held to the front."""

HOLD_S: Final = 0.4
HOLD_FRAMES: Final = 3
STEP_S: Final = 10.0
TOTAL_S: Final = 40.0
LOST_S: Final = 1.0
JUMP: Final = 0.5
"""Of the face's height, from one picture to the next: nobody is that quick, but another face may be."""
BLINK: Final = 0.7
"""Of the open eye's height: below it is shut."""


class Obstacle(Enum):
    """Why a clear face is not yet a look at the camera."""

    TURNED_AWAY = "turned-away"
    RESTLESS = "restless"


@dataclass(frozen=True, slots=True)
class Passed:
    """Every gesture was made. `signals`: what was measured, by the names in `policy`."""

    signals: dict[str, float]


@dataclass(frozen=True, slots=True)
class Failed:
    """Not proven. `signals`: what had been measured until then."""

    why: Failure
    signals: dict[str, float]


class Moment(Enum):
    """What one picture was good for."""

    NOTHING = "nothing"
    FRONTAL = "frontal"
    MOVED = "moved"
    STARTED_OVER = "started-over"


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """One picture, as far as liveness goes. `time_s`: monotonic. `face`: the one face in it, or None.

    `clear`: nothing is wrong with the picture. `patch`: what is compared with the picture before.
    """

    time_s: float
    print: Print
    rgb: Picture
    face: Mesh | None
    clear: bool
    patch: Patch | None = None

    def __repr__(self) -> str:
        return f"View(time_s={self.time_s:.3f}, …)"


Measure = Callable[[tuple[Picture, Mesh], tuple[Picture, Mesh]], Depth]


class Challenge:
    """One check. Feed it every picture by `see` until `outcome` is there."""

    def __init__(
        self,
        start_s: float,
        draw: Callable[[], Order] = random_order,
        colours: Callable[[], tuple[Colour, ...]] | None = None,
        measure: Measure = measured,
    ) -> None:
        """`draw` gives the order of gestures, anew each time the challenge starts over; `colours` those of the screen,
        if it is to shed any."""
        self.outcome: Passed | Failed | None = None
        self.obstacle: Obstacle | None = None
        self._start_s = start_s
        self._draw = draw
        self._colours = colours
        self._measure = measure
        self._pace = Pace()
        self._memory = Memory(start_s)
        self._ever_seen = False
        self._time_s = self._seen_s = start_s
        self._face: Mesh | None = None
        self._patch: Patch | None = None
        self.restarts = 0
        self._neutral: tuple[Picture, Mesh] | None = None
        self._eyes_open = 0.0
        self._shut = False
        self._held: list[tuple[float, float]] = []
        self._frames = 0
        self._begin(start_s)

    @property
    def asked(self) -> Asked:
        """What the person should do now."""
        return self._steps[self._at]

    @property
    def order(self) -> Order:
        """What is asked in this challenge, without the looks between."""
        return tuple(step for step in self._steps if step not in (Asked.LOOK, Asked.BACK))

    @property
    def progress(self) -> float:
        """0 to 1 over all steps."""
        return min(1.0, (self._at + self._part) / len(self._steps))

    @property
    def colour(self) -> Colour | None:
        """What the screen should shed now, if anything."""
        return self._lamp.colour(self._time_s) if self._lamp is not None else None

    def expect(self, print_: Print) -> None:
        """The print of what `see` is given next. Not needed, but where the face is not yet known there is time."""
        self._memory.expect(print_)

    def see(self, view: View) -> Moment:
        """Takes the next picture into account. Raises RuntimeError when the outcome is already there."""
        if self.outcome is not None:
            raise RuntimeError("this challenge is over")
        gap_s, self._time_s = view.time_s - self._time_s, view.time_s
        if view.time_s - self._start_s > TOTAL_S:
            return self._fail(Failure.TIME_OUT if self._ever_seen else Failure.NOT_SEEN)
        if self._pace.slow(view.time_s):
            return self._fail(Failure.TOO_SLOW)
        if view.face is None:
            return self._absent(view)
        before, self._face = self._face, view.face
        self._seen_s, self._ever_seen = view.time_s, True
        if (repetition := self._memory.see(view.time_s, view.print)) is not None:
            return self._fail(Failure(repetition.value))
        patch_before, self._patch = self._patch, view.patch
        jumped = before is not None and _jumped(before, view.face)
        changed = patch_before is not None and view.patch is not None and not alike(patch_before, view.patch)
        if not 0 < gap_s <= GAP_S or jumped or changed:
            return self._start_over(view.time_s)
        if self.asked in (Asked.LOOK, Asked.BACK):
            return self._facing(view, view.face)
        if self.asked is Asked.LIGHT:
            return self._lit(view, view.face)
        return self._moving(view, view.face)

    @property
    def neutral(self) -> Picture | None:
        """The picture of the pose that was held last: the next gesture is measured against it."""
        return self._neutral[0] if self._neutral is not None else None

    def forget(self) -> None:
        """Wipes what it remembers of the pictures."""
        self._memory.forget()
        self._neutral = None

    # The states.

    def _facing(self, view: View, face: Mesh) -> Moment:
        if self.asked is Asked.BACK and self._late(view):
            return self._fail(Failure.TIME_OUT)
        self._count_blinks(face)
        yaw = yaw_deg(face)
        self._held = [*self._held, (view.time_s, yaw)]
        turned = [held for _, held in self._held]
        unmoved = self._neutral is None or Motion.between(self._neutral[1], face).is_over
        away, restless = abs(yaw) > FRONTAL_DEG, max(turned) - min(turned) > QUIET_DEG
        if away or restless:
            self.obstacle = Obstacle.TURNED_AWAY if away else Obstacle.RESTLESS
        elif len(self._held) >= HOLD_FRAMES:
            self.obstacle = None  # not at once, or a restless head would hardly be told
        if not view.clear or not unmoved or away or restless:
            self._held, self._part = [], 0.0
            return Moment.NOTHING
        held_s = view.time_s - self._held[0][0]
        self._part = min(1.0, held_s / HOLD_S)
        if held_s >= HOLD_S and len(self._held) >= HOLD_FRAMES:
            self._neutral = (view.rgb, face)
            self._next(view.time_s)
        return Moment.FRONTAL

    def _moving(self, view: View, face: Mesh) -> Moment:
        assert self._neutral is not None
        motion = Motion.between(self._neutral[1], face)
        if motion.contradicts(self.asked):
            return self._fail(Failure.WRONG_GESTURE)
        if self._late(view):
            return self._fail(Failure.FLAT if self._flat else Failure.TIME_OUT)
        part = motion.part(self.asked)
        self._part = min(1.0, max(0.0, part))
        self._frames = self._frames + 1 if part >= 1.0 else 0
        # Depth costs more than all else, so it is measured on the picture that would decide.
        if self._frames < HOLD_FRAMES:
            return Moment.NOTHING
        self._frames = 0
        found = {"open": motion.opened} if self.asked is Asked.OPEN else self._depth(motion, view.rgb, face)
        self._signals |= found
        if self._flat:
            return Moment.NOTHING
        self._next(view.time_s)
        return Moment.MOVED

    def _depth(self, motion: Motion, rgb: Picture, face: Mesh) -> dict[str, float]:
        assert self._neutral is not None
        depth = self._measure(self._neutral, (rgb, face))
        self._flat = not deep_enough(self.asked, depth)
        name = self.asked.value
        return {
            f"{name}_deg": motion.up_deg if self.asked is Asked.UP else abs(motion.left_deg),
            f"relief_{name}": depth.relief,
            f"parallax_{name}": depth.parallax,
            f"solidity_{name}": depth.solidity,
        }

    def _lit(self, view: View, face: Mesh) -> Moment:
        assert self._lamp is not None
        if self._lamp.colour(view.time_s) is not None:
            self._lamp.see(view.time_s, skin(view.rgb, face))
            return Moment.NOTHING
        self._signals["light"] = self._lamp.score()
        self._next(view.time_s)
        return Moment.NOTHING

    def _absent(self, view: View) -> Moment:
        """Until somebody is there nothing can be lost; a face gone for a moment holds everything where it is."""
        self._held, self._patch = [], None
        if self._underway and view.time_s - self._seen_s > LOST_S:
            return self._start_over(view.time_s)
        return Moment.NOTHING

    def _count_blinks(self, face: Mesh) -> None:
        """A bonus and no more: at 15 pictures a second many blinks fall between two, and a still face shows none."""
        height = eyes_open(face)
        self._eyes_open = max(height, 0.95 * self._eyes_open)
        shut = height < BLINK * self._eyes_open
        if shut and not self._shut:
            self._signals["blinks"] = self._signals.get("blinks", 0.0) + 1.0
        self._shut = shut

    # What moves between them.

    def _begin(self, time_s: float) -> None:
        first, *others = self._draw()
        steps = [Asked.LOOK, first]
        for gesture in others:
            steps += [Asked.BACK, gesture]
        if self._colours is not None:
            steps += [Asked.BACK, Asked.LIGHT]
        self._steps = tuple(steps)
        self._lamp: Lamp | None = None
        self._neutral = None
        self._at = -1
        self._signals: dict[str, float] = {}
        self._next(time_s)

    def _next(self, time_s: float) -> None:
        self._held = []
        self._frames = 0
        self._part = 0.0
        self._flat = False
        self._step_s = time_s
        self._lamp = None
        self.obstacle = None
        if self._at + 1 == len(self._steps):
            self._part = 1.0
            self.outcome = Passed(self._signals)
            return
        self._at += 1
        if self.asked is Asked.LIGHT and self._colours is not None:
            self._lamp = Lamp(time_s, self._colours())

    def _start_over(self, time_s: float) -> Moment:
        self._begin(time_s)
        self._face = self._patch = None
        self.restarts += 1
        return Moment.STARTED_OVER

    def _fail(self, why: Failure) -> Moment:
        self.outcome = Failed(why, self._signals)
        return Moment.NOTHING

    @property
    def _underway(self) -> bool:
        return self._at > 0

    def _late(self, view: View) -> bool:
        return view.time_s - self._step_s > STEP_S


def _jumped(before: Mesh, after: Mesh) -> bool:
    return math.dist(before.middle, after.middle) > JUMP * before.height_px
