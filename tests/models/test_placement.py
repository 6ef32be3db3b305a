"""Whose face is in the picture, computed and looked at from the other side: a pinhole's own formula."""

import math

import pytest

from models.placement import FAR_M, NEAR_M, Mount, face_at_m, heights_seen, seen, sizes


def test_who_is_as_tall_as_the_camera_is_in_the_middle() -> None:
    mount = Mount(height_m=face_at_m(1.7, seated=False))
    assert seen(mount, 1.7, 0.6).middle == pytest.approx(0.5)
    assert seen(mount, 1.8, 0.6).middle < 0.5 < seen(mount, 1.6, 0.6).middle


@pytest.mark.parametrize("tilt_deg", [-20.0, 0.0, 15.0])
def test_the_edges_are_half_the_view_away(tilt_deg: float) -> None:
    mount = Mount(1.2, tilt_deg, 60.0)
    upper_m = 1.2 + 0.6 * math.tan(math.radians(tilt_deg + 30))
    body_m = (upper_m + 0.035) / 0.936
    assert seen(mount, body_m, 0.6).middle == pytest.approx(0.0, abs=1e-9)


def test_nearer_is_larger_and_fewer_fit() -> None:
    mount = Mount()
    assert seen(mount, 1.7, NEAR_M).height > seen(mount, 1.7, FAR_M).height
    near, far = heights_seen(mount, NEAR_M), heights_seen(mount, FAR_M)
    assert near is not None and far is not None
    assert far[0] < near[0] <= near[1] <= far[1]


def test_a_webcam_does_not_see_everybody_and_a_wide_one_does() -> None:
    """From 1.0 to 1.9 m at 80 cm it takes about 70° from edge to edge, at 40 cm more than 100°."""
    assert heights_seen(Mount(), FAR_M) != (1.0, 1.9)
    assert heights_seen(Mount(1.33, 0.0, 75.0), FAR_M) == (1.0, 1.9)
    assert heights_seen(Mount(1.33, 0.0, 115.0), NEAR_M) == (1.0, 1.9)


def test_somebody_in_a_wheelchair() -> None:
    assert 1.15 < face_at_m(1.7, seated=True) < 1.3
    assert heights_seen(Mount(1.33), FAR_M, seated=True) is not None


def test_sizes_follow_the_lens() -> None:
    least, most = sizes(Mount())
    assert 0.1 < least < 0.2 < 0.5 < most <= 0.8
    assert sizes(Mount(view_deg=90.0))[1] < most
