"""The generated set: people who are there, and every attack we can imitate without paper, screens and volunteers.

Made of one portrait. What it cannot say: how real prints, screens, masks and people behave. The last kind, an animated
head, is what the check cannot catch by construction: it is here so that nobody forgets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np

from hardware.cameras import performance
from hardware.cameras.head import Head
from hardware.cameras.performance import Conditions, Gesture
from hardware.cameras.port import Frame, Picture
from hardware.cameras.puppet import read_portrait
from hardware.cameras.stranger import stranger
from models.landmarks import FaceMesh, Points
from models.liveness.gestures import ORDERS, Asked, Order

_EYES: Final = ((33, 133), (263, 362))

# Within the script: in the first gesture, on the way back from it, in the last one.
_TAKE_OVERS: Final = (
    ("first gesture", 1.1, "wrong-gesture"),
    ("look between", 2.2, "wrong-gesture"),
    ("last gesture", 3.5, "started over"),
)

CONDITIONS: Final = {
    "light": (Conditions(light=0.6), Conditions(light=1.0), Conditions(light=1.25)),
    "blur": (Conditions(), Conditions(blur_px=1.0)),
    "size": (Conditions(size=0.62), Conditions(), Conditions(size=1.2)),
    "height": (Conditions(up_px=-70), Conditions(), Conditions(up_px=60)),
}


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind: its pictures for an order, and the reason for which it should be refused (None: a known miss)."""

    kind: str
    expected: str | None
    frames: Iterator[Frame]


class Cast:
    """Who takes part: the person of the portrait, without and with glasses, and somebody else."""

    def __init__(self, portrait: Path, faces: FaceMesh) -> None:
        """Raises hardware.cameras.head.NoFace."""

        def landmarks(rgb: Picture) -> Points | None:
            found = faces.find(rgb)
            return found[0].points if found else None

        picture = read_portrait(portrait)
        self.owner = Head(picture, landmarks)
        points = landmarks(self.owner.portrait)
        assert points is not None
        self._flat = points[:, :2]
        self.with_glasses = Head(_glasses(self.owner.portrait, self._flat), landmarks)
        self.other = Head(stranger(picture, landmarks), landmarks)

    def people(self, count: int, seed: int = 1) -> Iterator[tuple[str, Order, Iterator[Frame]]]:
        """`count` people who follow, over light, blur, distance, height, glasses and orders, evenly drawn."""
        every = list(product(*CONDITIONS.values(), (False, True), ORDERS))
        random = np.random.default_rng(seed)
        for number in random.permutation(len(every))[:count]:
            light, blur, size, height, glasses, order = every[number]
            conditions = Conditions(light.light, blur.blur_px, size.size, height.up_px)
            player = performance.person(self.with_glasses if glasses else self.owner)
            name = f"light {light.light}, blur {blur.blur_px}, size {size.size}, up {height.up_px}, glasses {glasses}"
            frames = performance.played(player, performance.script(words(order)), conditions, int(number))
            yield f"{name}, {'-'.join(words(order))}", order, frames

    def attacks(self, order: Order) -> Iterator[Attack]:
        """Every kind once, against this order."""
        gestures, portrait = words(order), self.owner.portrait
        owner, other = performance.person(self.owner), performance.person(self.other)
        patient = performance.script(gestures[:1], performance.PATIENCE_S)
        whole = performance.script(gestures)
        slowly = Conditions(frames_per_s=8)
        for name in ("moved", "rotated", "bent", "bending"):
            player = performance.sheet(portrait, getattr(performance, name))
            yield Attack(f"print, {name}", "time-out", performance.played(player, patient, slowly))
        holes = performance.with_holes(portrait, [tuple(self._flat[list(eye)].mean(axis=0)) for eye in _EYES])
        player = performance.sheet(holes, performance.rotated, self.other.portrait)
        yield Attack("print, eyes cut out", "time-out", performance.played(player, patient, slowly))
        wrong = performance.script(words(_others(order)), performance.PATIENCE_S)
        yield Attack("clip of another order", "wrong-gesture", performance.played(owner, wrong))
        once = list(performance.played(owner, performance.script(gestures[:1])))[10:34]
        yield Attack("loop, the very pictures", "looped", performance.looped(once, 6.0, anew=False))
        yield Attack("loop, compressed anew", "looped", performance.looped(once, 6.0, anew=True))
        first = list(performance.played(owner, whole))
        yield Attack("frozen picture", "frozen", performance.frozen(first, performance.LOOK_S, 4.0))
        watched = performance.beside(owner, self.other.portrait)
        yield Attack(
            "two faces",
            "not-seen",
            performance.played(watched, [*whole, (41.0, whole[-1][1])], Conditions(frames_per_s=4)),
        )
        # The check begins anew with the newcomer, who goes on with gestures that are not asked any more.
        for when, at_s, refused in _TAKE_OVERS:
            swapped = performance.taking_over(owner, other, at_s)
            yield Attack(f"another face from the {when} on", refused, performance.played(swapped, whole))
        yield Attack("animated head", None, performance.played(owner, whole))


def words(order: Order) -> tuple[Gesture, ...]:
    return cast("tuple[Gesture, ...]", tuple(asked.value for asked in order))


def _others(order: Order) -> Order:
    """An order whose first gesture is not this one's, and is no open mouth: people talk, and are let be."""
    return next(each for each in ORDERS if each[0] not in (order[0], Asked.OPEN))


def _glasses(portrait: Picture, flat: Points) -> Picture:
    """Dark frames around the eyes."""
    picture = portrait.copy()
    middles = [flat[list(eye)].mean(axis=0) for eye in _EYES]
    for x, y in middles:
        cv2.ellipse(picture, (round(x), round(y)), (32, 24), 0, 0, 360, (30, 25, 25), 3, cv2.LINE_AA)
    (right_x, right_y), (left_x, left_y) = middles
    cv2.line(
        picture,
        (round(right_x) + 32, round(right_y)),
        (round(left_x) - 32, round(left_y)),
        (30, 25, 25),
        3,
        cv2.LINE_AA,
    )
    return picture
