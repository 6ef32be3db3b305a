"""A USB or built-in camera through Linux's Video4Linux, by OpenCV."""

import logging
import os
import time
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from hardware.cameras.port import HEIGHT, WIDTH, CameraLost, Frame, Picture

FRAMES_PER_S: Final = 30
STALL_S: Final = 2
FORMATS: Final = ("MJPG", "YUYV")
"""Motion JPEG where the camera has it: uncompressed pictures do not fit through USB 2 at this rate. Else YUYV."""
RUBBISH_MOST: Final = 30
"""Pictures in a row that cannot be decoded before the camera counts as lost: a bad transfer now and then is none."""

_log = logging.getLogger(__name__)


class V4l2Camera:
    """`/dev/videoN`, or a stable name below /dev/v4l/by-id. A pulled plug raises CameraLost; `open` finds it again."""

    def __init__(self, device: Path) -> None:
        self._device = device
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        self.close()
        # A camera that hangs must not hold the reader for OpenCV's ten seconds.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(STALL_S))
        if not self._device.is_char_device():
            raise CameraLost(f"{self._device} is not there")
        capture = cv2.VideoCapture(str(self._device.resolve()), cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            raise CameraLost(f"{self._device} does not open; is another program using it?")
        form = _form(capture)
        if form is None:
            capture.release()
            raise CameraLost(f"{self._device} offers neither {' nor '.join(FORMATS)}")
        _log.info("%s gives %s", self._device, form)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
        capture.set(cv2.CAP_PROP_FPS, FRAMES_PER_S)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    def read(self) -> Frame:
        if self._capture is None:
            raise CameraLost("the camera is not open")
        for _ in range(RUBBISH_MOST):
            if not self._capture.grab():
                break
            taken_s = time.monotonic()
            try:
                sound, bgr = self._capture.retrieve()
            except cv2.error:
                sound, bgr = False, None
            if sound and bgr is not None and bgr.size:
                return self._framed(np.asarray(bgr, np.uint8), taken_s)
        self.close()
        raise CameraLost(f"{self._device} gives no picture")

    def _framed(self, bgr: Picture, taken_s: float) -> Frame:
        return Frame(fitted(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)), taken_s)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _form(capture: cv2.VideoCapture) -> str | None:
    """The first of `FORMATS` that the camera takes, now set."""
    for form in FORMATS:
        code = cv2.VideoWriter.fourcc(*form)
        capture.set(cv2.CAP_PROP_FOURCC, code)
        if int(capture.get(cv2.CAP_PROP_FOURCC)) == code:
            return form
    return None


def fitted(rgb: Picture) -> Picture:
    """The middle of a picture of any size, as large as possible, in our format."""
    height, width = rgb.shape[:2]
    if (width, height) == (WIDTH, HEIGHT):
        return rgb
    scale = max(WIDTH / width, HEIGHT / height)
    crop_width, crop_height = min(width, round(WIDTH / scale)), min(height, round(HEIGHT / scale))
    left, top = (width - crop_width) // 2, (height - crop_height) // 2
    middle = rgb[top : top + crop_height, left : left + crop_width]
    return np.asarray(cv2.resize(middle, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
