"""The liveness machine on synthetic heads: points of an ellipsoid, turned and projected; no camera, no clock.

Requirement A02: a face step that is failed, skipped or timed out proves nothing.
"""

import numpy as np
import pytest

from models import manifest
from models.landmarks import CHIN, FOREHEAD, LEFT_EYE_OUTER, POINTS, RIGHT_EYE_OUTER, Mesh, Picture
from models.liveness import challenge as liveness
from models.liveness import gestures, policy, stream
from models.liveness.challenge import Challenge, Failed, Moment, Obstacle, Passed, View
from models.liveness.depth import Depth, solid_residual
from models.liveness.gestures import GESTURES, ORDERS, SIDES, Asked, Order
from models.liveness.policy import Failure
from models.liveness.stream import Print
from models.pose import relief

FPS = 15.0
LEFT_FIRST: Order = (Asked.LEFT, Asked.RIGHT)
IDENTITY = manifest.embedding("dlib-face-resnet-v1").operating_point[0]
NO_SPREAD = {"spread_frontal": 0.1, "spread_turned": 0.2}
UPPER_LIP, LOWER_LIP = 13, 14
LIDS = [(160, 144), (158, 153), (385, 380), (387, 373)]


NO_PICTURE: Picture = np.zeros((1, 1, 3), np.uint8)


def head(yaw: float, *, lift: float = 0.0, gape_px: float = 2.0, depth: float = 1.0, x: float = 320.0) -> Mesh:
    """A head of 200 px turned to its own left by `yaw` and up by `lift` degrees; `depth` 0 is a print of it."""
    random = np.random.default_rng(7)
    face = random.uniform((-60, -90), (60, 90), (POINTS, 2))
    face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER]] = (-45, -30), (45, -30)
    face[[FOREHEAD, CHIN]] = (0, -100), (0, 100)
    height = np.sqrt(np.maximum(0, 1 - (face[:, 0] / 75) ** 2 - (face[:, 1] / 115) ** 2)) * 80
    height[[FOREHEAD, CHIN, RIGHT_EYE_OUTER, LEFT_EYE_OUTER]] = 45
    for upper, lower in LIDS:
        face[lower] = face[upper] + (0, 6)
    face[[UPPER_LIP, LOWER_LIP]] = (0, 40), (0, 40 + gape_px)
    solid = np.column_stack([face, -depth * height])
    angle = np.radians(-yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    up = np.radians(-lift)
    tilt = np.array([[1, 0, 0], [0, np.cos(up), -np.sin(up)], [0, np.sin(up), np.cos(up)]])
    turned = solid @ (tilt @ turn).T
    near = 900 / (900 + turned[:, 2:])
    return Mesh(np.column_stack([turned[:, :2] * near + (x, 240), turned[:, 2]]))


def posed(gesture: Asked, part: float, depth: float = 1.0) -> Mesh:
    """Part of the way to a gesture's end."""
    match gesture:
        case Asked.LEFT | Asked.RIGHT:
            return head(25 * part if gesture is Asked.LEFT else -25 * part, depth=depth)
        case Asked.UP:
            return head(0, lift=24 * part, depth=depth)
        case _:
            return head(0, gape_px=2 + 20 * part, depth=depth)


def blinking(shut: bool) -> Mesh:
    face = head(0)
    for upper, lower in LIDS:
        face.points[lower] = face.points[upper] + (0, 1 if shut else 6, 0)
    return face


def without(signals: dict[str, float], name: str) -> dict[str, float]:
    return {key: value for key, value in signals.items() if key != name}


def seen(before: tuple[Picture, Mesh], after: tuple[Picture, Mesh]) -> Depth:
    """As `depth.measured`, of points alone: what flow would follow are the same points."""
    out_of_plane = relief(before[1], after[1])
    return Depth(out_of_plane, out_of_plane, out_of_plane / max(solid_residual(before[1], after[1]), 1e-6))


def sensor(number: int) -> Print:
    """The print of picture `number`: no two are alike."""
    return Print(number, np.random.default_rng(number).uniform(0, 255, 324).astype(np.float32))


class Sitting:
    """One challenge and the time that has passed in it."""

    def __init__(self, order: Order = LEFT_FIRST) -> None:
        self.time_s = 100.0
        self.pictures = 0
        self.drawn = 0

        def draw() -> Order:
            self.drawn += 1
            return order

        self.challenge = Challenge(self.time_s, draw, measure=seen)

    def show(
        self, face: Mesh | None, *, clear: bool = True, after_s: float = 1 / FPS, repeat: bool = False, again: int = 0
    ) -> Moment:
        """One picture: a new one, the last one once more (`repeat`), or the one `again` pictures before."""
        self.time_s += after_s
        self.pictures += 0 if repeat or again else 1
        return self.challenge.see(View(self.time_s, sensor(self.pictures - again), NO_PICTURE, face, clear))

    def hold(self, face: Mesh | None, seconds: float, *, clear: bool = True) -> None:
        until = self.time_s + seconds
        while self.time_s < until and self.challenge.outcome is None:
            self.show(face, clear=clear)

    def do(self, gesture: Asked, *, depth: float = 1.0) -> None:
        """From the front to the end of the gesture, held there."""
        for part in np.linspace(0, 1, 8):
            if self.challenge.outcome is None:
                self.show(posed(gesture, part, depth))
        for _ in range(liveness.HOLD_FRAMES):
            if self.challenge.outcome is None and self.challenge.asked is gesture:
                self.show(posed(gesture, 1.0, depth))

    def turn(self, start: float, goal: float, *, depth: float = 1.0) -> None:
        for yaw in np.linspace(start, goal, 8):
            if self.challenge.outcome is None:
                self.show(head(yaw, depth=depth))

    @property
    def failure(self) -> Failure | None:
        outcome = self.challenge.outcome
        return outcome.why if isinstance(outcome, Failed) else None


@pytest.fixture
def sitting() -> Sitting:
    return Sitting()


@pytest.fixture
def looked(sitting: Sitting) -> Sitting:
    """Somebody who looked at the camera and is now asked to turn left."""
    sitting.hold(head(0), 0.6)
    assert sitting.challenge.asked is Asked.LEFT
    return sitting


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(each.value for each in order))
def test_a_head_that_follows_passes(order: Order) -> None:
    sitting = Sitting(order)
    for gesture in order:
        sitting.hold(head(0), 0.6)
        assert sitting.challenge.asked is gesture
        sitting.do(gesture)
    outcome = sitting.challenge.outcome
    assert isinstance(outcome, Passed)
    wanted = {name: limit for name, limit in policy.limits(order, IDENTITY).items() if not name.startswith("spread")}
    assert outcome.signals.keys() == wanted.keys()
    assert all(limit.holds(outcome.signals[name]) for name, limit in wanted.items())
    assert sitting.challenge.progress == 1.0


def test_the_order_is_drawn_at_random() -> None:
    """Ten orders of two different gestures; in each the head turns to a side at least once."""
    drawn = {gestures.random_order() for _ in range(600)}
    assert drawn == set(ORDERS)
    assert len(ORDERS) == 10
    assert all(first is not second and {first, second} & set(SIDES) for first, second in ORDERS)


@pytest.mark.parametrize(
    "asked, made", [(asked, made) for asked in GESTURES for made in GESTURES if asked is not made], ids=str
)
def test_another_gesture_than_the_one_asked_for_never_passes(asked: Asked, made: Asked) -> None:
    """A clip of a wrong challenge. Only a mouth that opens meanwhile is let be: people talk."""
    sitting = Sitting((asked, Asked.LEFT))
    sitting.hold(head(0), 0.6)
    sitting.do(made)
    sitting.hold(posed(made, 1.0), liveness.STEP_S + 1)
    assert sitting.failure is (Failure.TIME_OUT if made is Asked.OPEN else Failure.WRONG_GESTURE)


def test_a_turn_to_the_wrong_side_ends_it(looked: Sitting) -> None:
    looked.turn(0, -25)
    assert looked.failure is Failure.WRONG_GESTURE


def test_something_flat_does_not_pass(looked: Sitting) -> None:
    """The mesh may see a turn in a print; without relief it is none."""
    looked.turn(0, 25, depth=0.0)
    looked.hold(head(25, depth=0.0), liveness.STEP_S + 1)
    assert looked.failure is Failure.FLAT


def test_something_flat_that_is_tilted_does_not_pass() -> None:
    sitting = Sitting((Asked.UP, Asked.LEFT))
    sitting.hold(head(0, depth=0.0), 0.6)
    sitting.do(Asked.UP, depth=0.0)
    sitting.hold(posed(Asked.UP, 1.0, depth=0.0), liveness.STEP_S + 1)
    assert sitting.failure is Failure.FLAT


def test_half_a_turn_is_none(looked: Sitting) -> None:
    looked.turn(0, 12)
    looked.hold(head(12), liveness.STEP_S + 1)
    assert looked.failure is Failure.TIME_OUT


def test_one_picture_is_not_a_turn(looked: Sitting) -> None:
    for _ in range(5):
        looked.show(head(25))
        looked.show(head(0))
    assert looked.challenge.asked is Asked.LEFT


def test_who_does_not_come_back_to_the_front_runs_out_of_time(looked: Sitting) -> None:
    looked.turn(0, 25)
    looked.hold(head(25), liveness.STEP_S + 1)
    assert looked.challenge.asked is Asked.BACK
    assert looked.failure is Failure.TIME_OUT


def test_an_empty_chair_is_not_seen(sitting: Sitting) -> None:
    sitting.hold(None, liveness.TOTAL_S + 1)
    assert sitting.failure is Failure.NOT_SEEN


@pytest.mark.parametrize("face, clear", [(head(0), False), (head(30), True)], ids=["unclear", "turned away"])
def test_a_look_needs_a_clear_frontal_face(sitting: Sitting, face: Mesh, clear: bool) -> None:
    sitting.hold(face, liveness.TOTAL_S + 1, clear=clear)
    assert sitting.challenge.asked is Asked.LOOK
    assert sitting.challenge.obstacle is (Obstacle.TURNED_AWAY if clear else None)
    assert sitting.failure is Failure.TIME_OUT


def test_a_restless_face_is_no_look(sitting: Sitting) -> None:
    for picture in range(60):
        sitting.show(head(-5 if picture % 4 < 2 else 5))
    assert sitting.challenge.asked is Asked.LOOK
    assert sitting.challenge.obstacle is Obstacle.RESTLESS


def test_a_frozen_stream_is_refused(looked: Sitting) -> None:
    """The picture before, for ever; a live head that keeps as still has other noise in each picture."""
    looked.show(head(10))
    start_s = looked.time_s
    while looked.challenge.outcome is None:
        looked.show(head(10), repeat=True)
    assert looked.failure is Failure.FROZEN
    assert looked.time_s - start_s < stream.FROZEN_S + 0.2


def test_a_doubled_picture_is_no_frozen_stream(sitting: Sitting) -> None:
    for _ in range(4):
        sitting.show(head(0))
        sitting.show(head(0), repeat=True)
    assert sitting.challenge.outcome is None
    assert sitting.challenge.asked is Asked.LEFT


def test_a_looped_stream_is_refused(looked: Sitting) -> None:
    looked.show(head(0))
    looked.show(head(0), again=5)
    assert looked.failure is Failure.LOOPED


def test_a_movement_that_was_there_before_is_a_loop(looked: Sitting) -> None:
    """As if the loop's noise were new each time: no two pictures are equal bit for bit."""
    random = np.random.default_rng(3)
    once = [sensor(number).thumb for number in range(1000, 1020)]
    number = 0
    while looked.challenge.outcome is None:
        looked.time_s += 1 / FPS
        thumb = once[number % 20] + random.uniform(-0.2, 0.2, 324).astype(np.float32)
        looked.challenge.see(View(looked.time_s, Print(5000 + number, thumb), NO_PICTURE, head(0), True))
        number += 1
    assert looked.failure is Failure.LOOPED
    assert number == 20 + stream.RUN


def test_somebody_who_keeps_still_is_no_loop(looked: Sitting) -> None:
    random = np.random.default_rng(3)
    still = sensor(1000).thumb
    for number in range(100):
        looked.time_s += 1 / FPS
        thumb = still + random.uniform(-0.2, 0.2, 324).astype(np.float32)
        looked.challenge.see(View(looked.time_s, Print(5000 + number, thumb), NO_PICTURE, head(0), True))
    assert looked.challenge.outcome is None


def test_one_picture_a_second_is_too_slow(sitting: Sitting) -> None:
    """Nobody could tell a movement; the camera is to blame and not the citizen."""
    while sitting.challenge.outcome is None:
        sitting.show(head(0), after_s=1.02)
    assert sitting.failure is Failure.TOO_SLOW


def test_a_camera_that_was_away_is_not_slow(sitting: Sitting) -> None:
    sitting.hold(head(0), 0.2)
    sitting.show(head(0), after_s=8.0)
    sitting.hold(head(0), 0.6)
    assert sitting.challenge.asked is Asked.LEFT


def test_a_blink_is_counted_and_never_asked_for(sitting: Sitting) -> None:
    looked = sitting
    for shut in (False, True, True, False, True, False):
        looked.show(blinking(shut))
    looked.hold(head(0), 0.6)
    looked.do(Asked.LEFT)
    looked.hold(head(0), 0.6)
    looked.do(Asked.RIGHT)
    outcome = looked.challenge.outcome
    assert isinstance(outcome, Passed)
    assert outcome.signals["blinks"] == 2.0
    assert policy.failure(LEFT_FIRST, IDENTITY, outcome.signals | NO_SPREAD) is None
    assert policy.failure(LEFT_FIRST, IDENTITY, without(outcome.signals | NO_SPREAD, "blinks")) is None


@pytest.mark.parametrize("missing", policy.limits(LEFT_FIRST, IDENTITY))
def test_a_signal_that_is_missing_or_no_number_is_a_refusal(missing: str) -> None:
    good = {
        name: limit.least if limit.least is not None else 0.1
        for name, limit in policy.limits(LEFT_FIRST, IDENTITY).items()
    }
    assert policy.failure(LEFT_FIRST, IDENTITY, good) is None
    assert policy.failure(LEFT_FIRST, IDENTITY, without(good, missing)) is not None
    assert policy.failure(LEFT_FIRST, IDENTITY, good | {missing: float("nan")}) is not None


def test_a_face_that_leaves_starts_over_with_a_new_order(looked: Sitting) -> None:
    looked.hold(None, liveness.LOST_S + 0.3)
    assert looked.challenge.asked is Asked.LOOK
    assert looked.drawn == 2


def test_a_face_hidden_for_a_moment_does_not(looked: Sitting) -> None:
    looked.hold(None, liveness.LOST_S / 2)
    looked.show(head(0))
    assert looked.challenge.asked is Asked.LEFT
    assert looked.drawn == 1


def test_a_gap_in_the_stream_starts_over(looked: Sitting) -> None:
    assert looked.show(head(0), after_s=stream.GAP_S + 0.1) is Moment.STARTED_OVER


def test_time_that_runs_backwards_starts_over(looked: Sitting) -> None:
    assert looked.show(head(0), after_s=-0.1) is Moment.STARTED_OVER


def test_a_face_that_is_suddenly_elsewhere_starts_over(looked: Sitting) -> None:
    assert looked.show(head(0, x=480)) is Moment.STARTED_OVER
    assert looked.challenge.asked is Asked.LOOK


def test_nothing_counts_after_the_outcome(looked: Sitting) -> None:
    looked.turn(0, -25)
    with pytest.raises(RuntimeError, match="over"):
        looked.show(head(0))
