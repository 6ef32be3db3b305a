"""The oval goes with the face, but not with every nod."""

import pytest

from kiosk.pages import Zone
from kiosk.vision.zone import FaceZone


def after(*middles: float) -> Zone:
    """The zone after pictures of such faces, 15 a second, each shown for a second."""
    zone = FaceZone()
    for number, middle in enumerate(middle for middle in middles for _ in range(15)):
        zone.see(middle, number / 15)
    return zone.zone


@pytest.mark.parametrize(
    "middles, zone",
    [
        ((0.5,), Zone.MIDDLE),
        ((0.3,), Zone.HIGH),
        ((0.7,), Zone.LOW),
        ((0.7, 0.56), Zone.LOW),
        ((0.7, 0.5), Zone.MIDDLE),
        ((0.56,), Zone.MIDDLE),
        ((0.7, 0.3), Zone.HIGH),
    ],
    ids=["middle", "tall", "sits", "a little up again", "stands up", "not yet low", "another person"],
)
def test_it_follows_the_face(middles: tuple[float, ...], zone: Zone) -> None:
    assert after(*middles) is zone


def test_a_nod_moves_nothing() -> None:
    zone = FaceZone()
    for number, middle in enumerate([0.5] * 5 + [0.62] * 5 + [0.5] * 5):
        zone.see(middle, number / 15)
        assert zone.zone is Zone.MIDDLE
