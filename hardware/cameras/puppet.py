"""A simulated camera with somebody in front of it: 15 frames a second of a head that turns when it is told to.

It is told by one-line JSON datagrams on a unix socket; a line that is not understood is logged and ignored:

    {"turn": 25, "over_s": 0.6}   turn to 25° (the citizen's own left is positive, as in `models.pose`) within 0.6 s
    {"lift": 15, "over_s": 0.6}   lift the head by 15° within 0.6 s; negative: lower it
    {"mouth": 1, "over_s": 0.6}   open the mouth, from 0 to 1, within 0.6 s
    {"low": 80, "over_s": 0.6}    sit lower by 80 pixels; negative: higher
    {"nod": 10}                   lower the head by 10° and lift it again
    {"leave": true}               the chair is empty; false: somebody sits down
    {"print": true}               a print of the portrait is held up; `turn` and `lift` turn the sheet, `bend` bends it
    {"onlooker": true}            somebody else looks over the shoulder
    {"light": [1, 0, 0]}          the screen is red and bright: red, green, blue, each 0 to 1
    {"freeze": true}              the stream repeats its last picture, bit for bit
    {"dark": true}                somebody switched the light off
    {"garbage": true}             the lower part of each picture is rubbish, as after a bad transfer
    {"rate": 1}                   so many pictures a second
    {"lost": true}                the plug is pulled, until false
    {"portrait": "FILE"}          the person in this picture sits down
    {"stranger": true}            a person with another face sits down; false: the first person again

"Left" is always the citizen's own left: the picture's right, since pictures come as the camera sees them. A screen that
mirrors the preview shows it on the left.
"""

import logging
import math
import os
import socket
import threading
import time
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hardware.cameras.head import MAX_TILT_DEG, MAX_TURN_DEG, Head, Landmarks, NoFace
from hardware.cameras.port import HEIGHT, WIDTH, CameraLost, Frame, Picture
from hardware.cameras.sheet import WALL, Pose, held
from hardware.cameras.stranger import stranger

FRAMES_PER_S: Final = 15
DATAGRAM_LIMIT: Final = 4096
NOD_S: Final = 0.8
LOW_MOST: Final = 80.0
"""Pixels: farther from the middle, the head would be cut off."""

_NOISE_SD: Final = 2.5
_NOISE_MARGIN: Final = 64
_DARK: Final = 0.1
_SKIN_REFLECTS: Final = 0.08
"""How much brighter a full colour of the screen makes what is before it."""
_ONLOOKER: Final = (slice(20, 240), slice(8, 178))
"""Rows and columns where the head behind the shoulder is seen, and whose size it has."""
_HEAD: Final = (slice(60, 420), slice(180, 460))

_log = logging.getLogger(__name__)


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One datagram; what is not mentioned stays as it is."""

    turn: float | None = None
    over_s: float = 0.6
    lift: float | None = None
    mouth: float | None = None
    bend: float | None = None
    low: float | None = None
    nod: float | None = None
    leave: bool | None = None
    print: bool | None = None
    onlooker: bool | None = None
    light: tuple[float, float, float] | None = None
    garbage: bool | None = None
    rate: float | None = None
    freeze: bool | None = None
    dark: bool | None = None
    lost: bool | None = None
    portrait: str | None = None
    stranger: bool | None = None


def read_portrait(path: Path) -> Picture:
    """A picture file as RGB. Raises NoFace if it cannot be read."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        raise NoFace(f"{path.name} is not a picture") from None


class PuppetCamera:
    """A camera over `Head`. `landmarks` finds faces, since hardware knows no models; called when somebody sits down."""

    def __init__(self, portrait: Path, landmarks: Landmarks, control: Path | None = None) -> None:
        """`control`: where the socket is made, if anybody is to command. Raises NoFace, OSError."""
        self._landmarks = landmarks
        self._portrait = read_portrait(portrait)
        self._scene = _Scene(Head(self._portrait, landmarks))
        self._noise = sensor_noise()
        self._random = np.random.default_rng()
        self._due_s: float | None = None
        self._last: Picture | None = None
        self._ear: socket.socket | None = None
        if control is not None:
            self._listen(control)

    def open(self) -> None:
        if self._scene.lost:
            raise CameraLost("the puppet's plug is pulled")
        self._due_s = time.monotonic()

    def read(self) -> Frame:
        if self._due_s is None:
            raise CameraLost("the camera is not open")
        time.sleep(max(0.0, self._due_s - time.monotonic()))
        taken_s = time.monotonic()
        # After a pause the next picture is due one period from now: a camera does not catch up.
        period_s = 1 / self._scene.frames_per_s
        self._due_s = max(self._due_s, taken_s - period_s) + period_s
        if self._scene.lost:
            self._due_s = None
            raise CameraLost("the puppet's plug is pulled")
        if self._last is None or not self._scene.frozen:
            self._last = self._torn(self._grainy(self._scene.picture(taken_s)))
        return Frame(self._last.copy(), taken_s)

    def close(self) -> None:
        self._due_s = None
        self._last = None

    def obey(self, command: Command) -> None:
        """What a datagram does. Raises NoFace for a portrait without one; the old one stays."""
        if command.portrait is not None:
            self._scene.head = Head(read_portrait(Path(command.portrait)), self._landmarks)
        if command.stranger is not None:
            face = stranger(self._portrait, self._landmarks) if command.stranger else self._portrait
            self._scene.head = Head(face, self._landmarks)
        self._scene.obey(command, time.monotonic())

    def _grainy(self, picture: Picture) -> Picture:
        """No two pictures of a sensor are the same."""
        top, left = self._random.integers(0, _NOISE_MARGIN, 2)
        noise = self._noise[top : top + HEIGHT, left : left + WIDTH]
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)

    def _torn(self, picture: Picture) -> Picture:
        if self._scene.garbage:
            row = int(self._random.integers(HEIGHT // 3))
            picture[row:] = self._random.integers(0, 256, picture[row:].shape, np.uint8)
        return picture

    def _listen(self, control: Path) -> None:
        control.unlink(missing_ok=True)
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(os.fspath(control))
        threading.Thread(target=self._hear, args=(self._ear,), name="puppet", daemon=True).start()

    def _hear(self, ear: socket.socket) -> None:
        decode = msgspec.json.Decoder(Command).decode
        while True:
            try:
                self.obey(decode(ear.recv(DATAGRAM_LIMIT)))
            except (msgspec.MsgspecError, ValueError, NoFace) as trouble:
                _log.warning("the puppet does not understand: %s", trouble)
            except Exception:
                # Whatever a portrait or a number may provoke: the simulated camera keeps running.
                _log.exception("the puppet ignored a command")


class _Scene:
    """Who is in front of the camera and what they are doing. Written by one thread, drawn by another."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.frozen = False
        self.lost = False
        self.garbage = False
        self.frames_per_s: float = FRAMES_PER_S
        self._onlooker = False
        self._light = (0.0, 0.0, 0.0)
        self._away = False
        self._print = False
        self._dark = False
        self._turn = self._lift = self._mouth = self._bend = self._low = _Move(0.0, 0.0, 0.0, 1.0)
        self._nod_deg, self._nod_s = 0.0, -math.inf

    def obey(self, command: Command, now_s: float) -> None:
        if not 0 < command.over_s <= 60:
            raise ValueError("a movement needs a time")
        self._turn = self._turn.then(command.turn, MAX_TURN_DEG, now_s, command.over_s)
        self._lift = self._lift.then(command.lift, MAX_TILT_DEG, now_s, command.over_s)
        self._mouth = self._mouth.then(command.mouth, 1.0, now_s, command.over_s)
        self._bend = self._bend.then(command.bend, 120.0, now_s, command.over_s)
        self._low = self._low.then(command.low, LOW_MOST, now_s, command.over_s)
        if command.rate is not None:
            self.frames_per_s = min(max(command.rate, 0.2), 60.0)
        if command.light is not None:
            self._light = command.light
        if command.nod is not None:
            self._nod_deg, self._nod_s = min(max(command.nod, 0.0), 15.0), now_s
        self._away = _told(command.leave, self._away)
        self._print = _told(command.print, self._print)
        self._dark = _told(command.dark, self._dark)
        self._onlooker = _told(command.onlooker, self._onlooker)
        self.garbage = _told(command.garbage, self.garbage)
        self.frozen = _told(command.freeze, self.frozen)
        self.lost = _told(command.lost, self.lost)

    def picture(self, now_s: float) -> Picture:
        """Without noise. Nobody stands quite still: the head sways by a degree and a pixel or two."""
        yaw = self._turn.at(now_s)
        sway = math.sin(1.9 * now_s), math.sin(1.3 * now_s + 1), math.sin(0.8 * now_s + 2)
        pitch = self._lift.at(now_s) - self._nod(now_s)
        if self._away:
            picture = np.full((HEIGHT, WIDTH, 3), WALL, np.uint8)
        elif self._print:
            hand = Pose(yaw + 2 * sway[0], pitch, 0.0, self._bend.at(now_s), 1.0, (4 * sway[1], 3 * sway[2]))
            picture = held(self.head.portrait, hand)
        else:
            shift = (2 * sway[2], 1.5 * sway[1])
            picture = self.head.picture(yaw + 0.9 * sway[0], pitch + 0.8 * sway[1], shift, self._mouth.at(now_s))
            picture = _lower(picture, round(self._low.at(now_s)))
        if self._onlooker:
            rows, columns = _ONLOOKER
            size = (columns.stop - columns.start, rows.stop - rows.start)
            picture[_ONLOOKER] = cv2.resize(self.head.portrait[_HEAD], size, interpolation=cv2.INTER_AREA)
        if any(self._light):
            shed = 1 + _SKIN_REFLECTS * np.array(self._light, np.float32)
            picture = np.asarray(cv2.multiply(picture, np.broadcast_to(shed, picture.shape), dtype=cv2.CV_8U), np.uint8)
        return np.asarray(cv2.convertScaleAbs(picture, alpha=_DARK), np.uint8) if self._dark else picture

    def _nod(self, now_s: float) -> float:
        part = (now_s - self._nod_s) / NOD_S
        return self._nod_deg * math.sin(math.pi * part) if 0 <= part <= 1 else 0.0


def _lower(picture: Picture, by_px: int) -> Picture:
    """What is above or below is as it was at the edge."""
    return picture[np.clip(np.arange(HEIGHT) - by_px, 0, HEIGHT - 1)] if by_px else picture


class _Move:
    """From one place to another, starting and ending gently."""

    def __init__(self, start_deg: float, goal_deg: float, since_s: float, over_s: float) -> None:
        self._start, self._goal, self._since, self._over = start_deg, goal_deg, since_s, over_s

    def at(self, now_s: float) -> float:
        part = min(max((now_s - self._since) / self._over, 0.0), 1.0)
        return self._start + (self._goal - self._start) * part * part * (3 - 2 * part)

    def then(self, goal: float | None, most: float, now_s: float, over_s: float) -> "_Move":
        """On to a new goal from where it is now, if there is one."""
        if goal is None:
            return self
        if not math.isfinite(goal):
            raise ValueError("a movement needs a goal")
        return _Move(self.at(now_s), min(max(goal, -most), most), now_s, over_s)


def _told(value: bool | None, before: bool) -> bool:
    return before if value is None else value


def sensor_noise() -> NDArray[np.int16]:
    """One large field; each picture takes another window of it."""
    size = (HEIGHT + _NOISE_MARGIN, WIDTH + _NOISE_MARGIN, 3)
    return np.random.default_rng(1).normal(0, _NOISE_SD, size).round().astype(np.int16)
