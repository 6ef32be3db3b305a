"""What every camera must do, whatever is behind it.

A camera's own test subclasses the suite and gives it a bench: the camera, and the hands that can do things to it. On a
real one: `pytest tests/conformance --camera /dev/video0 -s`, and somebody pulls the plug when asked.
"""

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import pytest

from hardware.cameras.port import HEIGHT, WIDTH, Camera, CameraLost, Frame

PATIENCE_S = 30.0
GONE_WITHIN_S = 10.0


class CameraBench(Protocol):
    """A camera that is closed, and its plug."""

    camera: Camera

    def pull_plug(self) -> None: ...

    def put_back(self) -> None: ...


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    end_s = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end_s, what


class CameraSuite:
    """Subclasses bring a `bench` fixture."""

    def test_its_pictures_have_our_form(self, bench: CameraBench) -> None:
        bench.camera.open()
        frames = [bench.camera.read() for _ in range(5)]
        bench.camera.close()
        assert all(frame.rgb.shape == (HEIGHT, WIDTH, 3) and frame.rgb.dtype == np.uint8 for frame in frames)
        assert "rgb" not in repr(frames[0])

    def test_each_picture_is_later_and_its_own(self, bench: CameraBench) -> None:
        """Whoever wipes a picture wipes no other."""
        bench.camera.open()
        first = bench.camera.read()
        second = bench.camera.read()
        bench.camera.close()
        assert second.time_s > first.time_s
        first.rgb.fill(0)
        assert second.rgb.any()

    def test_what_is_not_open_gives_no_picture(self, bench: CameraBench) -> None:
        bench.camera.close()
        bench.camera.close()
        with pytest.raises(CameraLost):
            bench.camera.read()

    def test_it_can_be_opened_again_and_again(self, bench: CameraBench) -> None:
        for _ in range(2):
            bench.camera.open()
            bench.camera.open()
            assert bench.camera.read().rgb.any()
            bench.camera.close()

    def test_a_pulled_plug_is_told_and_it_comes_back(self, bench: CameraBench) -> None:
        bench.camera.open()
        bench.camera.read()
        bench.pull_plug()
        with pytest.raises(CameraLost):
            end_s = time.monotonic() + GONE_WITHIN_S
            while time.monotonic() < end_s:
                bench.camera.read()
        bench.put_back()
        seen: list[Frame] = []

        def there() -> bool:
            try:
                bench.camera.open()
                seen.append(bench.camera.read())
            except CameraLost:
                return False
            return True

        until(there, PATIENCE_S, "it did not come back")
        bench.camera.close()
        assert seen[0].rgb.any()
