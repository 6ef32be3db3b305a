"""The simulated camera behaves like one; the real driver names its troubles. No models: landmarks are an ellipsoid."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from hardware.cameras.head import NoFace
from hardware.cameras.port import HEIGHT, WIDTH, Camera, CameraLost, Picture
from hardware.cameras.puppet import Command, PuppetCamera
from hardware.cameras.v4l2 import V4l2Camera, fitted
from tests.conformance.camera import CameraSuite

PATIENCE_S = 20.0


def ellipsoid(rgb: Picture) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Landmarks in the middle of any picture: 468 points, of which 152 is the chin."""
    height, width = rgb.shape[:2]
    random = np.random.default_rng(2)
    angle, part = random.uniform(0, 2 * np.pi, 468), np.sqrt(random.uniform(0, 1, 468))
    half = 0.24 * height
    return np.column_stack(
        [
            width / 2 + 0.75 * half * part * np.cos(angle),
            height / 2 + half * part * np.sin(angle),
            -half * np.sqrt(1 - part**2),
        ]
    )


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright vertical bar on the nose, on a grey gradient."""
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    pixels = np.tile(np.linspace(60, 160, 400, dtype=np.uint8)[:, None, None], (1, 400, 3))
    pixels[150:250, 192:208] = 250
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="module")
def running(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PuppetCamera, Path]]:
    control = tmp_path_factory.mktemp("control") / "puppet"
    yield PuppetCamera(portrait, ellipsoid, control), control


@pytest.fixture
def puppet(running: tuple[PuppetCamera, Path]) -> Iterator[PuppetCamera]:
    camera, _ = running
    camera.open()
    yield camera
    camera.close()
    camera.obey(Command(turn=0, over_s=0.001, leave=False, print=False, freeze=False, dark=False, lost=False))


class PuppetBench:
    def __init__(self, camera: PuppetCamera) -> None:
        self.camera = camera

    def pull_plug(self) -> None:
        self.camera.obey(Command(lost=True))

    def put_back(self) -> None:
        self.camera.obey(Command(lost=False))


class TestPuppet(CameraSuite):
    @pytest.fixture
    def bench(self, running: tuple[PuppetCamera, Path]) -> Iterator[PuppetBench]:
        bench = PuppetBench(running[0])
        yield bench
        bench.put_back()
        bench.camera.close()


class Device:
    """What OpenCV gives for a device: pictures, of which some cannot be decoded, until the plug is pulled."""

    takes = ("MJPG", "YUYV")
    sound: tuple[bool, ...] = (True,)
    plugged = True

    def __init__(self, path: str, backend: int) -> None:
        self.form, self.number = 0, 0

    def isOpened(self) -> bool:
        return Device.plugged

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_FOURCC and int(value) in [cv2.VideoWriter.fourcc(*form) for form in Device.takes]:
            self.form = int(value)
        return True

    def get(self, what: int) -> float:
        return float(self.form)

    def grab(self) -> bool:
        self.number += 1
        return Device.plugged

    def retrieve(self) -> tuple[bool, np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None]:
        if not Device.sound[self.number % len(Device.sound)]:
            return False, None
        return True, np.full((480, 640, 3), 50 + self.number, np.uint8)

    def release(self) -> None:
        return None


class DriverBench:
    def __init__(self) -> None:
        self.camera = V4l2Camera(Path("/dev/null"))

    def pull_plug(self) -> None:
        Device.plugged = False

    def put_back(self) -> None:
        Device.plugged = True


class TestDriver(CameraSuite):
    """The driver for real cameras, over a device as OpenCV shows one: what is ours in it, not what is OpenCV's."""

    @pytest.fixture
    def bench(self, monkeypatch: pytest.MonkeyPatch) -> DriverBench:
        monkeypatch.setattr(cv2, "VideoCapture", Device)
        for name, value in (("takes", ("MJPG", "YUYV")), ("sound", (True,)), ("plugged", True)):
            monkeypatch.setattr(Device, name, value)
        return DriverBench()

    def test_uncompressed_pictures_where_there_are_no_others(
        self, bench: DriverBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Device, "takes", ("YUYV",))
        bench.camera.open()
        assert bench.camera.read().rgb.any()

    def test_a_camera_of_neither_form_is_named(self, bench: DriverBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Device, "takes", ("H264",))
        with pytest.raises(CameraLost, match="neither MJPG nor YUYV"):
            bench.camera.open()

    def test_rubbish_between_the_pictures_is_skipped(self, bench: DriverBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Device, "sound", (True, False, False))
        bench.camera.open()
        assert all(bench.camera.read().rgb.any() for _ in range(4))

    def test_nothing_but_rubbish_is_no_camera(self, bench: DriverBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Device, "sound", (False,))
        bench.camera.open()
        with pytest.raises(CameraLost):
            bench.camera.read()


def nose_x(picture: Picture) -> float:
    """Where the bright bar is."""
    bright = picture[HEIGHT // 2 - 30 : HEIGHT // 2 + 30].mean(axis=2) > 200
    return float(np.nonzero(bright)[1].mean())


def until(camera: Camera, true: Callable[[Picture], bool]) -> Picture:
    """The first picture of which this is true."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if true(picture := camera.read().rgb):
            return picture
    raise AssertionError("it did not happen")


def test_a_stream_has_the_right_form_and_pace(puppet: PuppetCamera) -> None:
    frames = [puppet.read() for _ in range(8)]
    assert all(frame.rgb.shape == (HEIGHT, WIDTH, 3) and frame.rgb.dtype == np.uint8 for frame in frames)
    gaps = np.diff([frame.time_s for frame in frames])
    assert 0.05 <= np.median(gaps) <= 0.2
    assert len({frame.rgb.tobytes() for frame in frames}) == len(frames), "a sensor never repeats itself"
    assert "rgb" not in repr(frames[0])


@pytest.mark.parametrize("turn, side", [(25.0, 1), (-25.0, -1)])
def test_left_is_the_citizens_own_left(puppet: PuppetCamera, turn: float, side: int) -> None:
    """Which is the right of a picture that is not mirrored."""
    puppet.obey(Command(turn=turn, over_s=0.05))
    until(puppet, lambda picture: side * (nose_x(picture) - WIDTH / 2) > 25)


def test_a_frozen_stream_repeats_bit_for_bit(puppet: PuppetCamera) -> None:
    last = puppet.read().rgb
    puppet.obey(Command(freeze=True))
    assert np.array_equal(puppet.read().rgb, last)


def test_an_empty_chair_and_the_dark(puppet: PuppetCamera) -> None:
    puppet.obey(Command(leave=True))
    empty = puppet.read().rgb
    assert empty.std() < 8
    puppet.obey(Command(dark=True))
    assert puppet.read().rgb.mean() < empty.mean() / 5


def test_a_turned_print_keeps_its_nose_in_its_middle(puppet: PuppetCamera) -> None:
    puppet.obey(Command(print=True, turn=30, over_s=0.01))
    for _ in range(5):
        assert abs(nose_x(puppet.read().rgb) - WIDTH / 2) < 15


def test_a_pulled_plug_and_its_return(puppet: PuppetCamera) -> None:
    puppet.obey(Command(lost=True))
    with pytest.raises(CameraLost):
        puppet.read()
    with pytest.raises(CameraLost):
        puppet.open()
    puppet.obey(Command(lost=False))
    puppet.open()
    assert puppet.read().rgb.any()


def test_commands_come_by_socket_and_nonsense_is_ignored(
    running: tuple[PuppetCamera, Path], puppet: PuppetCamera
) -> None:
    control = running[1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
        for line in (b"\xff{", b'{"sing": true}', b'{"turn": 5, "over_s": 0}', b'{"portrait": "nowhere.png"}'):
            mouth.sendto(line, str(control))
        mouth.sendto(json.dumps({"dark": True}).encode(), str(control))
    until(puppet, lambda picture: bool(picture.mean() < 40))


def test_what_is_not_open_gives_no_picture(portrait: Path) -> None:
    camera = V4l2Camera(Path("/dev/null"))
    camera.close()
    with pytest.raises(CameraLost):
        camera.read()


@pytest.mark.parametrize("device", ["/dev/video-that-is-not-there", "/dev/null"])
def test_a_device_that_is_no_camera_is_lost(device: str) -> None:
    with pytest.raises(CameraLost):
        V4l2Camera(Path(device)).open()


@pytest.mark.parametrize("width, height", [(1280, 720), (640, 480), (320, 240), (480, 640)])
def test_any_size_is_fitted_without_being_stretched(width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    half = min(width, height) // 8
    picture[height // 2 - half : height // 2 + half, width // 2 - half : width // 2 + half] = 255
    square = fitted(picture)[..., 0] > 127
    assert square.shape == (HEIGHT, WIDTH)
    assert abs(np.ptp(np.nonzero(square)[0]) - np.ptp(np.nonzero(square)[1])) <= 2


def test_a_portrait_without_a_face_is_refused(portrait: Path, tmp_path: Path) -> None:
    with pytest.raises(NoFace):
        PuppetCamera(portrait, lambda rgb: None)
    (tmp_path / "text.png").write_bytes(b"not a picture")
    with pytest.raises(NoFace, match="not a picture"):
        PuppetCamera(tmp_path / "text.png", ellipsoid)
