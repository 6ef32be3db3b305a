"""The face: what a picture costs us, from pixels to a verdict, and what the bare models take for the same pictures.

A whole check of the simulated citizen is recorded once, then replayed at the camera's pace: landmarks, quality and
liveness of each picture, embeddings beside them in their thread. mediapipe follows a face from one picture to the next,
so both sides see every picture in order, each with a mesh of its own.
"""

import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import numpy as np

from hardware.cameras.port import Frame
from hardware.cameras.puppet import Command, PuppetCamera
from hardware.cards.portrait.port import PortraitDecoder
from hardware.cards.reading import Portrait
from kiosk.bench.timing import NotMeasured, Row, Times, repeat
from kiosk.demo.machine import Machine
from kiosk.demo.puppeteer import POSES
from kiosk.desk import Desk
from kiosk.messages import Guidance, Matched
from kiosk.vision.check import PresenceCheck
from kiosk.vision.portrait import face_in
from kiosk.vision.witness import LiveMatch
from models import runtime
from models.embedding import Embedder
from models.landmarks import FaceMesh, Mesh, Picture, Points
from models.liveness.challenge import Challenge
from models.liveness.gestures import Asked
from models.manifest import DEFAULT_MODEL
from models.matching import Comparison

TURNS_OVER_S: Final = 0.5
FRAMES_MOST: Final = 400
EMBEDDINGS: Final = 20


async def start_check(desk: Desk, portrait: Portrait, rounds: int) -> Row:
    """What passes before the first prompt can be answered."""

    async def first_prompt() -> float:
        began = time.perf_counter()
        # An async generator, though the port promises only an iterator: closing it ends the check.
        guidance = cast(Any, desk.presence.prove(portrait))
        await anext(guidance)
        took = time.perf_counter() - began
        await guidance.aclose()
        return took

    return Row("start the face check", await repeat(rounds, first_prompt))


async def decide(desk: Desk, machine: Machine, portrait: Portrait, rounds: int) -> Row:
    """From the head standing as it was last asked to until the desk has the match, in the vision process as it is.

    Less than nothing is possible: a turn counts before the simulated head has come to its end.
    """

    async def decision() -> float:
        asked_s = [0.0]
        await followed(desk.presence.prove(portrait), machine, asked_s)
        took = time.perf_counter() - asked_s[-1] - TURNS_OVER_S
        machine.puppet.follow("look")
        return max(took, 0.0)

    return Row("last prompt done to match", await repeat(rounds, decision))


async def followed(
    seen: AsyncIterator[Guidance | LiveMatch],
    machine: Machine,
    asked_s: list[float] | None = None,
    over_s: float = TURNS_OVER_S,
) -> LiveMatch:
    """The match of a head that follows each prompt in so many seconds; `asked_s` is told when it was asked each."""
    asked = None
    async for step in seen:
        if isinstance(step, LiveMatch):
            return step
        if step.prompt is not asked:
            asked = step.prompt
            if asked_s is not None:
                asked_s.append(time.perf_counter())
            machine.puppet.follow(asked.value, over_s)
    raise NotMeasured("the check ended without a match")


@dataclass(frozen=True, slots=True, repr=False)
class Recording:
    """One check: the pictures with their times, the card's portrait, and the models that look at them."""

    frames: tuple[Frame, ...]
    portrait: tuple[Picture, Mesh]
    embedder: Embedder
    network: bytes


def record(assets: Path, person: Path, card: Portrait) -> Recording:
    """The simulated citizen turns the head as asked, left first. Takes as long as a citizen does."""
    stills, embedder = FaceMesh.for_stills(), Embedder(assets / "models", DEFAULT_MODEL)

    def landmarks(rgb: Picture) -> Points | None:
        found = stills.find(rgb)
        return found[0].points if found else None

    camera = PuppetCamera(person, landmarks)
    portrait = face_in(card.data, card.encoding, PortraitDecoder(), stills)
    recording = Recording((), portrait, embedder, embedder.model.read(assets / "models"))
    camera.open()
    check, asked = _check(recording, time.monotonic()), None
    frames: list[Frame] = []
    while check.verdict is None and len(frames) < FRAMES_MOST:
        if check.guidance.prompt is not asked:
            asked = check.guidance.prompt
            camera.obey(msgspec.convert(POSES[asked.value] | {"over_s": TURNS_OVER_S}, Command))
        frame = camera.read()
        frames.append(frame)
        check.see(frame.rgb.copy(), frame.time_s)
    camera.close()
    check.forget()
    if not isinstance(check.verdict, Matched):
        raise NotMeasured("the simulated citizen does not pass the check")
    return replace(recording, frames=tuple(frames))


@dataclass(frozen=True, slots=True)
class Pictures:
    """One picture, one embedding, the last picture, the whole check."""

    look: Row
    embed: Row
    verdict: Row
    whole: Row


def pictures(recording: Recording, rounds: int) -> Pictures:
    """Replays the check and its parts."""
    replays = [_replay(recording) for _ in range(rounds + 1)][1:]
    ours, floor = [ours for ours, _ in replays], [floor for _, floor in replays]
    embeddings = _embeddings(recording)
    verdicts = Times(tuple(each[-1] + embeddings[1].median for each in floor))
    return Pictures(
        Row("look at a picture", _each(chain(*ours)), _each(chain(*floor)), "bare mediapipe"),
        Row("embed a face", *embeddings, "two bare onnxruntime runs"),
        Row("last picture to verdict", _each(one[-1] for one in ours), verdicts, "bare mediapipe and two bare runs"),
        Row("all pictures of a check", _each(map(sum, ours)), _each(map(sum, floor)), "bare mediapipe, no embedding"),
    )


def _replay(recording: Recording) -> tuple[list[float], list[float]]:
    """Seconds for each picture: ours, and bare mediapipe, each first every other time."""
    check = _check(recording, recording.frames[0].time_s - 0.01)
    bare = _bare_mesh()
    ours: list[float] = []
    floor: list[float] = []

    def look(frame: Frame) -> None:
        picture = frame.rgb.copy()  # a check wipes what it was given
        began = time.perf_counter()
        check.see(picture, frame.time_s)
        ours.append(time.perf_counter() - began)

    def find(frame: Frame) -> None:
        began = time.perf_counter()
        bare.process(frame.rgb)
        floor.append(time.perf_counter() - began)

    later_s = time.monotonic() - recording.frames[0].time_s
    for number, frame in enumerate(recording.frames):
        if check.verdict is not None:
            break
        time.sleep(max(0.0, frame.time_s + later_s - time.monotonic()))
        for side in (look, find) if number % 2 else (find, look):
            side(frame)
    if not isinstance(check.verdict, Matched):
        raise NotMeasured("the recorded check does not pass again")
    check.forget()
    bare.close()
    return ours, floor


def _check(recording: Recording, start_s: float) -> PresenceCheck:
    challenge = Challenge(start_s, lambda: (Asked.LEFT, Asked.RIGHT))
    return PresenceCheck(1, Comparison(recording.embedder, *recording.portrait), FaceMesh.for_video(), challenge)


def _bare_mesh() -> Any:
    from mediapipe.python.solutions import face_mesh

    mesh = face_mesh.FaceMesh(static_image_mode=False, max_num_faces=2)
    mesh.process(np.zeros((64, 64, 3), np.uint8))
    return mesh


def _bare_session(network: bytes) -> Any:
    onnxruntime = runtime.onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def _embeddings(recording: Recording) -> tuple[Times, Times]:
    """Seconds for one face: ours, with its mirror image, and two bare runs of one image."""
    session = _bare_session(recording.network)
    side = recording.embedder.model.input_px
    face = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    tensor = face.transpose(2, 0, 1)[np.newaxis].astype(np.float32)
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(EMBEDDINGS + 1):
        began = time.perf_counter()
        recording.embedder.embed(face)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        session.run(None, {"rgb": tensor})
        session.run(None, {"rgb": tensor})
        floor.append(time.perf_counter() - began)
    return Times(tuple(ours[1:])), Times(tuple(floor[1:]))


def _each(seconds: Iterable[float]) -> Times:
    return Times(tuple(seconds))
