"""Is somebody really there? Two head turns in a random order, followed by a small state machine.

The theory. A photograph cannot turn its head: held at an angle it stays flat, which `pose.relief` tells. A recording
can, but does not know which side is asked first, so a turn to the wrong side ends the check. Between the turns the
face comes back to the front: there it is compared with the card, and each turn starts from a pose that was held.

    asked        the picture shows                                   next
    LOOK, BACK   a clear, quiet, frontal face for HOLD_S             the next turn
    LEFT, RIGHT  TURN_DEG to that side with RELIEF, in HOLD_FRAMES   BACK; after the last turn: passed
    LEFT, RIGHT  WRONG_DEG to the other side                         failed: WRONG_SIDE
    LEFT, RIGHT  nothing of this within STEP_S                       failed: FLAT if it turned flat, else TIME_OUT
    BACK         nothing of this within STEP_S                       failed: TIME_OUT
    any          no single face for LOST_S, no picture for GAP_S,    starts over with a new order
                 or the face is suddenly elsewhere
    any          the same picture for FROZEN_S                       failed: FROZEN
    any          a picture that was there before, after others       failed: LOOPED
    any          TOTAL_S are over                                    failed: NOT_SEEN without any face, else TIME_OUT

Times are what the pictures say, so nothing here waits and a test needs no clock.

Limits, plainly: a recording passes when it guesses the order (one in two), and an animated face on a good screen or fed
into the cable passes by construction. Nothing here was tested after ISO/IEC 30107-3.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from models.landmarks import Mesh
from models.pose import relief, yaw_deg

FRONTAL_DEG: Final = 12.0
"""A face that looks this far past the camera still counts as frontal: few people stand exactly before it."""
QUIET_DEG: Final = 6.0
"""How much the face may turn while it is held to the front."""
TURN_DEG: Final = 16.0
"""A turn, from the pose that was held. Simulated prints turned by 30° look like 13° at most."""
WRONG_DEG: Final = 12.0
RELIEF: Final = 0.055
"""Simulated heads turned by 21° have 0.084 or more, prints turned by 30°, flat or bent, 0.041 or less."""

HOLD_S: Final = 0.4
HOLD_FRAMES: Final = 3
STEP_S: Final = 10.0
TOTAL_S: Final = 40.0
LOST_S: Final = 1.0
GAP_S: Final = 1.0
FROZEN_S: Final = 1.0
JUMP: Final = 0.5
"""Of the face's height, from one picture to the next: nobody is that quick, but another face may be."""


class Asked(Enum):
    """What the person is asked to do."""

    LOOK = "look"
    LEFT = "left"
    RIGHT = "right"
    BACK = "back"


class Moment(Enum):
    """What one picture was good for."""

    NOTHING = "nothing"
    FRONTAL = "frontal"
    TURNED = "turned"
    STARTED_OVER = "started-over"


class Failure(Enum):
    """Why it is not proven that somebody is there."""

    NOT_SEEN = "not-seen"
    TIME_OUT = "time-out"
    WRONG_SIDE = "wrong-side"
    FLAT = "flat"
    FROZEN = "frozen"
    LOOPED = "looped"


@dataclass(frozen=True, slots=True)
class Passed:
    """Somebody is there. `signals`: degrees of each turn and its relief over the eye distance."""

    signals: dict[str, float]


@dataclass(frozen=True, slots=True)
class Failed:
    """Not proven."""

    why: Failure


@dataclass(frozen=True, slots=True)
class View:
    """One picture, as far as liveness goes. `time_s`: monotonic. `fingerprint`: equal for equal pictures.

    `face`: the one face in it, or None. `clear`: nothing is wrong with the picture.
    """

    time_s: float
    fingerprint: int
    face: Mesh | None
    clear: bool


Order = tuple[Asked, Asked]


def random_order() -> Order:
    """Left or right first, unpredictable."""
    return random.SystemRandom().choice([(Asked.LEFT, Asked.RIGHT), (Asked.RIGHT, Asked.LEFT)])


class Challenge:
    """One check. Feed it every picture by `see` until `outcome` is there."""

    def __init__(self, start_s: float, draw: Callable[[], Order] = random_order) -> None:
        """`draw` gives the order of turns, anew each time the challenge starts over."""
        self.outcome: Passed | Failed | None = None
        self._start_s = start_s
        self._draw = draw
        self._ever_seen = False
        self._time_s = self._changed_s = self._seen_s = start_s
        self._fingerprint: int | None = None
        self._fingerprints: set[int] = set()
        self._face: Mesh | None = None
        self._neutral: Mesh | None = None
        self._held: list[tuple[float, float]] = []
        self._turned_flat = False
        self._begin(start_s)

    @property
    def asked(self) -> Asked:
        """What the person should do now."""
        return self._steps[self._at]

    @property
    def progress(self) -> float:
        """0 to 1 over all steps."""
        return min(1.0, (self._at + self._part) / len(self._steps))

    def see(self, view: View) -> Moment:
        """Takes the next picture into account. Raises RuntimeError when the outcome is already there."""
        if self.outcome is not None:
            raise RuntimeError("this challenge is over")
        gap_s, self._time_s = view.time_s - self._time_s, view.time_s
        if view.time_s - self._start_s > TOTAL_S:
            return self._fail(Failure.TIME_OUT if self._ever_seen else Failure.NOT_SEEN)
        if view.face is None:
            return self._absent(view)
        before, self._face = self._face, view.face
        self._seen_s, self._ever_seen = view.time_s, True
        if (repeated := self._repetition(view)) is not None:
            return self._fail(repeated)
        if not 0 < gap_s <= GAP_S or (before is not None and _jumped(before, view.face)):
            return self._start_over(view.time_s)
        if self.asked in (Asked.LOOK, Asked.BACK):
            return self._facing(view, view.face)
        return self._turning(view, view.face)

    # The states.

    def _facing(self, view: View, face: Mesh) -> Moment:
        if self.asked is Asked.BACK and self._late(view):
            return self._fail(Failure.TIME_OUT)
        yaw = yaw_deg(face)
        self._held = [*self._held, (view.time_s, yaw)]
        turned = [held for _, held in self._held]
        if not view.clear or abs(yaw) > FRONTAL_DEG or max(turned) - min(turned) > QUIET_DEG:
            self._held, self._part = [], 0.0
            return Moment.NOTHING
        held_s = view.time_s - self._held[0][0]
        self._part = min(1.0, held_s / HOLD_S)
        if held_s >= HOLD_S and len(self._held) >= HOLD_FRAMES:
            self._neutral = face
            self._next(view.time_s)
        return Moment.FRONTAL

    def _turning(self, view: View, face: Mesh) -> Moment:
        assert self._neutral is not None
        to_left = yaw_deg(face) - yaw_deg(self._neutral)
        turn = to_left if self.asked is Asked.LEFT else -to_left
        if turn <= -WRONG_DEG:
            return self._fail(Failure.WRONG_SIDE)
        if self._late(view):
            return self._fail(Failure.FLAT if self._turned_flat else Failure.TIME_OUT)
        self._part = min(1.0, max(0.0, turn / TURN_DEG))
        if turn < TURN_DEG:
            self._frames = 0
            return Moment.NOTHING
        depth = relief(self._neutral, face)
        if depth < RELIEF:
            self._frames, self._turned_flat = 0, True
            return Moment.NOTHING
        self._frames += 1
        if self._frames < HOLD_FRAMES:
            return Moment.NOTHING
        self._signals[f"turn_{self.asked.value}_deg"] = turn
        self._signals[f"relief_{self.asked.value}"] = depth
        self._next(view.time_s)
        return Moment.TURNED

    def _absent(self, view: View) -> Moment:
        """Until somebody is there nothing can be lost; a face gone for a moment holds everything where it is."""
        self._held = []
        if self._underway and view.time_s - self._seen_s > LOST_S:
            return self._start_over(view.time_s)
        return Moment.NOTHING

    # What moves between them.

    def _begin(self, time_s: float) -> None:
        first, second = self._draw()
        self._steps = (Asked.LOOK, first, Asked.BACK, second)
        self._at = -1
        self._neutral = None
        self._signals: dict[str, float] = {}
        self._next(time_s)

    def _next(self, time_s: float) -> None:
        self._held = []
        self._frames = 0
        self._part = 0.0
        self._turned_flat = False
        self._step_s = time_s
        if self._at + 1 == len(self._steps):
            self._part = 1.0
            self.outcome = Passed(self._signals)
        else:
            self._at += 1

    def _start_over(self, time_s: float) -> Moment:
        self._begin(time_s)
        self._face = None
        return Moment.STARTED_OVER

    def _fail(self, why: Failure) -> Moment:
        self.outcome = Failed(why)
        return Moment.NOTHING

    @property
    def _underway(self) -> bool:
        return self._at > 0

    def _late(self, view: View) -> bool:
        return view.time_s - self._step_s > STEP_S

    def _repetition(self, view: View) -> Failure | None:
        """A sensor's noise never repeats; a doubled picture now and then is the driver's, a second of them is not."""
        if view.fingerprint == self._fingerprint:
            return Failure.FROZEN if view.time_s - self._changed_s > FROZEN_S else None
        self._fingerprint, self._changed_s = view.fingerprint, view.time_s
        if view.fingerprint in self._fingerprints:
            return Failure.LOOPED
        self._fingerprints.add(view.fingerprint)
        return None


def _jumped(before: Mesh, after: Mesh) -> bool:
    moved = np.linalg.norm(after.flat.mean(axis=0) - before.flat.mean(axis=0))
    return bool(moved > JUMP * before.height_px)
