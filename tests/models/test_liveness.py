"""The liveness machine on synthetic heads: points of an ellipsoid, turned and projected; no camera, no clock.

Requirement A02: a face step that is failed, skipped or timed out proves nothing.
"""

import numpy as np
import pytest

from models import liveness
from models.landmarks import CHIN, FOREHEAD, LEFT_EYE_OUTER, POINTS, RIGHT_EYE_OUTER, Mesh
from models.liveness import Asked, Challenge, Failed, Failure, Moment, Order, Passed, View

FPS = 15.0
LEFT_FIRST: Order = (Asked.LEFT, Asked.RIGHT)


def head(yaw: float, *, depth: float = 1.0, x: float = 320.0) -> Mesh:
    """A head of 200 px turned to its own left by `yaw` degrees; `depth` 0 is a print of it."""
    random = np.random.default_rng(7)
    face = random.uniform((-60, -90), (60, 90), (POINTS, 2))
    face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER]] = (-45, -30), (45, -30)
    face[[FOREHEAD, CHIN]] = (0, -100), (0, 100)
    height = np.sqrt(np.maximum(0, 1 - (face[:, 0] / 75) ** 2 - (face[:, 1] / 115) ** 2)) * 80
    height[[FOREHEAD, CHIN, RIGHT_EYE_OUTER, LEFT_EYE_OUTER]] = 45
    solid = np.column_stack([face, -depth * height])
    angle = np.radians(-yaw)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = solid @ turn.T
    near = 900 / (900 + turned[:, 2:])
    return Mesh(np.column_stack([turned[:, :2] * near + (x, 240), turned[:, 2]]))


class Sitting:
    """One challenge and the time that has passed in it."""

    def __init__(self, order: Order = LEFT_FIRST) -> None:
        self.time_s = 100.0
        self.pictures = 0
        self.drawn = 0

        def draw() -> Order:
            self.drawn += 1
            return order

        self.challenge = Challenge(self.time_s, draw)

    def show(
        self, face: Mesh | None, *, clear: bool = True, after_s: float = 1 / FPS, repeat: bool = False, again: int = 0
    ) -> Moment:
        """One picture: a new one, the last one once more (`repeat`), or the one `again` pictures before."""
        self.time_s += after_s
        self.pictures += 0 if repeat or again else 1
        return self.challenge.see(View(self.time_s, self.pictures - again, face, clear))

    def hold(self, face: Mesh | None, seconds: float, *, clear: bool = True) -> None:
        until = self.time_s + seconds
        while self.time_s < until and self.challenge.outcome is None:
            self.show(face, clear=clear)

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


@pytest.mark.parametrize("order", [(Asked.LEFT, Asked.RIGHT), (Asked.RIGHT, Asked.LEFT)])
def test_a_head_that_follows_passes(order: Order) -> None:
    sitting = Sitting(order)
    side = 25 if order[0] is Asked.LEFT else -25
    sitting.hold(head(0), 0.6)
    sitting.turn(0, side)
    sitting.turn(side, 0)
    sitting.hold(head(0), 0.6)
    sitting.turn(0, -side)
    sitting.hold(head(-side), 0.3)
    outcome = sitting.challenge.outcome
    assert isinstance(outcome, Passed)
    assert outcome.signals.keys() == {"turn_left_deg", "relief_left", "turn_right_deg", "relief_right"}
    assert min(outcome.signals["turn_left_deg"], outcome.signals["turn_right_deg"]) >= liveness.TURN_DEG
    assert min(outcome.signals["relief_left"], outcome.signals["relief_right"]) >= liveness.RELIEF
    assert sitting.challenge.progress == 1.0


def test_the_order_is_drawn_at_random() -> None:
    assert {liveness.random_order() for _ in range(64)} == {(Asked.LEFT, Asked.RIGHT), (Asked.RIGHT, Asked.LEFT)}


def test_a_turn_to_the_wrong_side_ends_it(looked: Sitting) -> None:
    looked.turn(0, -25)
    assert looked.failure is Failure.WRONG_SIDE


def test_something_flat_does_not_pass(looked: Sitting) -> None:
    """The mesh may see a turn in a print; without relief it is none."""
    looked.turn(0, 25, depth=0.0)
    looked.hold(head(25, depth=0.0), liveness.STEP_S + 1)
    assert looked.failure is Failure.FLAT


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
    assert sitting.failure is Failure.TIME_OUT


def test_a_restless_face_is_no_look(sitting: Sitting) -> None:
    for picture in range(60):
        sitting.show(head(-5 if picture % 4 < 2 else 5))
    assert sitting.challenge.asked is Asked.LOOK


def test_a_frozen_stream_is_refused(looked: Sitting) -> None:
    """The picture before, for ever; a live head that keeps as still has other noise in each picture."""
    looked.show(head(10))
    start_s = looked.time_s
    while looked.challenge.outcome is None:
        looked.show(head(10), repeat=True)
    assert looked.failure is Failure.FROZEN
    assert looked.time_s - start_s < liveness.FROZEN_S + 0.2


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
    assert looked.show(head(0), after_s=liveness.GAP_S + 0.1) is Moment.STARTED_OVER


def test_time_that_runs_backwards_starts_over(looked: Sitting) -> None:
    assert looked.show(head(0), after_s=-0.1) is Moment.STARTED_OVER


def test_a_face_that_is_suddenly_elsewhere_starts_over(looked: Sitting) -> None:
    assert looked.show(head(0, x=480)) is Moment.STARTED_OVER
    assert looked.challenge.asked is Asked.LOOK


def test_nothing_counts_after_the_outcome(looked: Sitting) -> None:
    looked.turn(0, -25)
    with pytest.raises(RuntimeError, match="over"):
        looked.show(head(0))
