"""The suite on a real camera, where there is one: `pytest tests/conformance --camera /dev/video0 -s`."""

from pathlib import Path

import pytest

from hardware.cameras.v4l2 import V4l2Camera
from tests.conformance.camera import CameraSuite


class RealBench:
    """Asks a person to be the hands."""

    def __init__(self, device: Path) -> None:
        self.camera = V4l2Camera(device)

    def pull_plug(self) -> None:
        input("pull the camera's plug, then press Enter ")

    def put_back(self) -> None:
        input("put it back, then press Enter ")


class TestRealCamera(CameraSuite):
    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> RealBench:
        device = request.config.getoption("--camera")
        if device is None:
            pytest.skip("no --camera given")
        return RealBench(Path(device))
