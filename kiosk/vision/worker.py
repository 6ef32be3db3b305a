"""The vision process: one loop that hears the desk, looks at pictures and gives signs of life.

Between two pictures it looks at the socket, so a `StopPresence` counts at once; a check that hangs is a loop that
hangs, and its parent sees it (`lives`). Models are loaded and warm before READY.
"""

import logging
import os
import selectors
import socket as sockets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from msgspec.structs import replace

from hardware.cameras.port import HEIGHT, WIDTH, Camera, CameraLost, Frame
from hardware.cameras.puppet import PuppetCamera
from hardware.cameras.v4l2 import V4l2Camera
from hardware.cards.portrait.port import PortraitDecoder, WltLibrary
from kiosk import journal
from kiosk.messages import (
    FRAME_LIMIT,
    Alive,
    BadMessage,
    Compares,
    FromVision,
    Guard,
    Guidance,
    HowMuch,
    Look,
    Matched,
    Message,
    NotProven,
    Onlooker,
    ProvePresence,
    StopPresence,
    TryLiveness,
    decode,
    encode,
)
from kiosk.pages import Prompt
from kiosk.preview import PreviewRing
from kiosk.reasons import Reason
from kiosk.vision.check import HINTS, PresenceCheck
from kiosk.vision.feed import Feed
from kiosk.vision.guard import ShoulderGuard
from kiosk.vision.lives import Pulse, lived
from kiosk.vision.picture_watch import PictureWatch
from kiosk.vision.portrait import PortraitUnreadable, face_in
from models.embedding import Embedder
from models.landmarks import FaceMesh, Picture, Points, import_models
from models.liveness.antispoof import SpoofDetector, detector
from models.liveness.challenge import Challenge
from models.liveness.light import Colour, random_colours
from models.manifest import DEFAULT_MODEL, DEMONSTRATION
from models.matching import Comparison
from models.placement import Mount, sizes
from models.quality import Covering, Placing, assess

GUARD_EVERY_S: Final = 0.5
"""Between two pictures for the shoulder guard: a hundredth of a processor."""
GUIDANCE_EVERY_S: Final = 0.1
"""Between two messages about progress; all else is told at once: a colour that is late lights nothing."""

Colours = Callable[[], tuple[Colour, ...]] | None

_log = logging.getLogger(__name__)


def main(
    socket: Path,
    preview: Path,
    camera_uri: str,
    assets: Path,
    control: Path | None = None,
    wlt: WltLibrary | None = None,
    model: str = DEFAULT_MODEL,
    population: str = DEMONSTRATION,
    mount: Mount | None = None,
    *,
    screen_colours: bool = False,
) -> int:
    """Serves the desk on `socket` until it closes the connection (0), speaks nonsense (1) or SIGTERM comes (0).

    `camera_uri`: a video device, or `puppet:PICTURE` for the simulated camera, which takes commands on `control`.
    `wlt`: the reader maker's decoder for the portraits of resident cards. `model` compares, set for `population`.
    `mount`: how the camera is built in. `screen_colours`: whether the screen sheds colours in a check.
    """
    journal.configure("vision")
    import_models()
    placing = Placing(*sizes(mount or Mount()))
    colours = random_colours if screen_colours else None

    def life(pulse: Pulse) -> int:
        return _life(pulse, socket, preview, camera_uri, assets, control, wlt, model, population, placing, colours)

    return lived(life)


def _life(
    pulse: Pulse,
    socket: Path,
    preview: Path,
    camera_uri: str,
    assets: Path,
    control: Path | None,
    wlt: WltLibrary | None,
    model: str,
    population: str,
    placing: Placing,
    colours: Colours,
) -> int:
    """One life, in a process of its own."""
    connection = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    try:
        connection.connect(os.fspath(socket))
    except OSError as trouble:
        _log.error("the desk does not answer: %s", trouble.strerror)
        return 1
    stills = FaceMesh.for_stills()
    embedder = Embedder(assets / "models", model, population)
    embedder.warm_up()
    if (spoofs := detector(assets / "models")) is None:
        _log.info("no anti-spoof network is installed: liveness rests on gestures, depth and stream alone")
    ring = _ring(preview)
    feed = Feed(_camera(camera_uri, control), ring)
    worker = Worker(_Link(connection), feed, PortraitDecoder(wlt), stills, embedder, pulse, placing, colours, spoofs)
    try:
        worker.serve()
    except ConnectionError:
        return 0
    except BadMessage as trouble:
        _log.error("%s; connection closed", trouble)
        return 1
    finally:
        worker.close()
        connection.close()


def _ring(preview: Path) -> PreviewRing:
    """The ring that is there already, or a new one: whoever has it open must not lose it. Emptied in any case."""
    try:
        ring = PreviewRing.writing(preview)
    except (FileNotFoundError, ValueError):
        ring = PreviewRing.create(preview)
    ring.clear()
    return ring


def _camera(uri: str, control: Path | None) -> Camera:
    if not uri.startswith("puppet:"):
        return V4l2Camera(Path(uri))
    # Its own, since somebody new may sit down (in the puppet's thread) while a check looks for faces.
    faces = FaceMesh.for_stills()

    def landmarks(rgb: Picture) -> Points | None:
        found = faces.find(rgb)
        return found[0].points if found else None

    return PuppetCamera(Path(uri.removeprefix("puppet:")), landmarks, control)


class Worker:
    """At most one check at a time; a new one ends the one before."""

    def __init__(
        self,
        link: "_Link",
        feed: Feed,
        decoder: PortraitDecoder,
        stills: FaceMesh,
        embedder: Embedder,
        pulse: Pulse,
        placing: Placing,
        colours: Colours,
        spoofs: SpoofDetector | None,
    ) -> None:
        self._link = link
        self._feed = feed
        self._decoder = decoder
        self._stills = stills
        self._embedder = embedder
        self._pulse = pulse
        self._placing = placing
        self._colours = colours
        self._spoofs = spoofs
        self._faces: FaceMesh | None = None
        self._check: PresenceCheck | None = None
        self._guard: ShoulderGuard | None = None
        self._watch_of_staff: PictureWatch | None = None
        self._trial = False
        self._number = 0
        self._told: Guidance | None = None
        self._told_s = 0.0

    def serve(self) -> NoReturn:
        """Until the desk closes the connection (ConnectionError) or sends nonsense (BadMessage)."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ)
            selector.register(self._feed.ready, selectors.EVENT_READ)
            self._stand_by()
            embedder = self._embedder
            self._link.send(Compares(embedder.name, embedder.population, embedder.point.validated))
            self._pulse.ready()
            while True:
                ready = [key.fileobj for key, _ in selector.select(self._pulse.period_s)]
                self._pulse.beat()
                if self._link in ready:
                    for message in self._link.receive():
                        self._obey(message)
                elif ready:
                    self._look()

    def forget(self) -> None:
        """Ends the check, if there is one, and wipes what it saw."""
        self._pulse.wait()  # for the camera, which may take its time to give a last picture
        self._feed.stop()
        if self._check is not None:
            self._check.forget()
        self._check = self._guard = self._watch_of_staff = None
        self._trial = False
        self._pulse.beat()

    def close(self) -> None:
        """Ends the check, and what stands by for the next one."""
        self.forget()
        self._decoder.close()

    def _stand_by(self) -> None:
        """Starts, while nobody waits, what the next check needs and what knows of nobody: the process that decodes its
        portrait, and the graph that will follow its stream (the first picture of a stream starts it)."""
        self._decoder.stand_by()
        if self._faces is None:
            self._faces = FaceMesh.for_video()
            self._faces.find(np.zeros((HEIGHT, WIDTH, 3), np.uint8))

    def _obey(self, message: Message) -> None:
        match message:
            case ProvePresence():
                self.forget()
                self._begin(message)
            case Guard(id=number):
                self.forget()
                self._number, self._guard = number, ShoulderGuard()
                self._feed.start_unseen(GUARD_EVERY_S)
            case Look(id=number):
                self.forget()
                self._number, self._watch_of_staff = number, PictureWatch(number, self._placing)
                self._feed.start()
            case TryLiveness(id=number):
                self.forget()
                self._number, self._trial, self._told = number, True, None
                self._feed.start()
                self._tell(Guidance(number, Prompt.LOOK, None, 0.0))
            case HowMuch(level=level):
                journal.say(level)
            case StopPresence(id=number):
                if number == self._number and self._is_looking:
                    self.forget()
                    self._stand_by()
            case _:
                raise BadMessage(f"{type(message).__name__} is not for the vision process")

    def _begin(self, wish: ProvePresence) -> None:
        if wish.validated_only and not self._embedder.point.validated:
            detail = f"{self._embedder.name} is not validated for {self._embedder.population}"
            self._link.send(NotProven(wish.id, Reason.FACE_NOT_OFFERED, detail))
            return
        self._pulse.wait()  # for the portrait's decoder, which is given some seconds
        try:
            portrait, face = face_in(wish.portrait, wish.encoding, self._decoder, self._stills)
        except PortraitUnreadable as trouble:
            self._link.send(NotProven(wish.id, Reason.PORTRAIT_UNREADABLE, str(trouble)))
            self._stand_by()
            return
        self._pulse.beat()
        self._number, self._told = wish.id, None
        self._feed.start()
        self._examine(wish.id, Comparison(self._embedder, portrait, face), self._colours)

    def _examine(self, number: int, comparison: Comparison, colours: Colours) -> None:
        faces, self._faces = self._faces or FaceMesh.for_video(), None
        challenge = Challenge(time.monotonic(), colours=colours)
        self._check = PresenceCheck(number, comparison, faces, challenge, self._placing, self._spoofs)
        self._tell(self._check.guidance)

    def _look(self) -> None:
        """The newest picture, and what follows from it."""
        try:
            frame = self._feed.take()
            if self._guard is not None and frame is not None:
                self._watch(self._guard, frame)
            if self._watch_of_staff is not None:
                self._watch_for_staff(self._watch_of_staff, frame)
            if self._trial and self._check is None and frame is not None:
                self._begin_trial(frame)
                return
            if self._check is None:
                return
            if frame is not None:
                self._check.see(frame.rgb, frame.time_s)
            elif self._feed.away:
                self._check.without_picture()
            verdict = self._check.verdict
        except CameraLost:
            verdict = self._lost_camera()
        if verdict is not None:
            # In this order: whoever hears the verdict may rely on nothing being left.
            trial = self._trial
            self.forget()
            self._link.send(Alive(verdict.id, verdict.liveness) if trial and isinstance(verdict, Matched) else verdict)
            self._stand_by()
        elif self._check is not None:
            self._tell(self._check.guidance)

    def _watch(self, guard: ShoulderGuard, frame: Frame) -> None:
        """One picture for the guard; nothing of it stays."""
        before = guard.near
        guard.see(self._stills.find(frame.rgb))
        frame.rgb.fill(0)
        if guard.near is not None and guard.near is not before:
            self._link.send(Onlooker(self._number, guard.near))

    @property
    def _is_looking(self) -> bool:
        return self._trial or any((self._check, self._guard, self._watch_of_staff))

    def _lost_camera(self) -> NotProven | None:
        if self._check is not None:
            return self._check.lost_camera()
        if self._trial or self._watch_of_staff is not None:
            return NotProven(self._number, Reason.CAMERA_LOST, "no picture from the camera")
        return None

    def _watch_for_staff(self, watch: PictureWatch, frame: Frame | None) -> None:
        """One picture for staff who look whether the camera is well; nothing of it stays."""
        if frame is None:
            return
        seen = watch.see(frame.rgb, frame.time_s, self._stills.find(frame.rgb))
        frame.rgb.fill(0)
        if seen is not None:
            self._link.send(seen)

    def _begin_trial(self, frame: Frame) -> None:
        """With the first picture in which a face is well seen, in the place of a card's portrait."""
        found = assess(frame.rgb, self._stills.find(frame.rgb), self._placing, Covering())
        if found.fault is not None or found.face is None:
            self._tell(Guidance(self._number, Prompt.LOOK, HINTS.get(found.fault) if found.fault else None, 0.0))
            frame.rgb.fill(0)
            return
        comparison = Comparison(self._embedder, frame.rgb, found.face)
        frame.rgb.fill(0)  # the comparison has cut out what it needs
        self._examine(self._number, comparison, None)  # the pages of staff shed no colours

    def _tell(self, guidance: Guidance) -> None:
        """On change only, and progress alone not too often."""
        now_s = time.monotonic()
        told = self._told
        if guidance == told:
            return
        only_progress = told is not None and replace(told, progress=guidance.progress) == guidance
        if only_progress and now_s - self._told_s < GUIDANCE_EVERY_S:
            return
        self._told, self._told_s = guidance, now_s
        hint = None if guidance.hint is None else guidance.hint.value
        _log.debug("asks for %s, hint %s, %.0f %%", guidance.prompt.value, hint, 100 * guidance.progress)
        self._link.send(guidance)


class _Link:
    """Frames of `kiosk.messages` over a socket, for a loop that also waits for other things."""

    def __init__(self, connection: sockets.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def fileno(self) -> int:
        return self._connection.fileno()

    def send(self, message: FromVision) -> None:
        self._connection.sendall(encode(message))

    def receive(self) -> list[Message]:
        """What has arrived whole. Raises ConnectionError when the desk is gone, BadMessage."""
        arrived = self._connection.recv(1 << 20)
        if not arrived:
            raise ConnectionResetError("the desk closed the connection")
        self._buffer += arrived
        messages = []
        while len(self._buffer) >= 4:
            end = 4 + int.from_bytes(self._buffer[:4], "big")
            if end - 4 > FRAME_LIMIT:
                raise BadMessage(f"frame of {end - 4} bytes")
            if len(self._buffer) < end:
                break
            messages.append(decode(bytes(self._buffer[4:end])))
            self._buffer[:end] = bytes(end)
            del self._buffer[:end]
        return messages
