"""One check of one citizen: every picture goes in, guidance comes out, and in the end a match or the reason why not.

The best frontal pictures of each look at the camera, and one of each turn, are compared with each other (it must be one
person throughout), and each look with the card: the score is the worst look's, so that nobody can lend half a check to
somebody else. Pictures are embedded as soon as their step is over; after the last turn little is left to do.
"""

from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final
from zlib import crc32

from kiosk.messages import Guidance, Matched, NotProven
from kiosk.pages import Hint, Prompt
from kiosk.reasons import Reason
from kiosk.vision.witness import FRAMES_LEAST
from models.embedding import Embedder, Embedding, chip
from models.landmarks import FaceMesh, Mesh, Picture
from models.liveness import Asked, Challenge, Failed, Failure, Moment, View
from models.matching import Verdict, judge
from models.quality import Fault, fault, sharpness

BEST_PER_LOOK: Final = 3
HINT_AFTER_S: Final = 0.4
"""A fault must last this long before it is said aloud, or the screen flickers."""
PROGRESS_STEP: Final = 0.05

PROMPTS: Final = {
    Asked.LOOK: Prompt.LOOK,
    Asked.LEFT: Prompt.TURN_LEFT,
    Asked.RIGHT: Prompt.TURN_RIGHT,
    Asked.BACK: Prompt.BACK_TO_FRONT,
}
HINTS: Final = {
    Fault.NO_FACE: Hint.NO_FACE,
    Fault.TWO_FACES: Hint.TWO_FACES,
    Fault.TOO_FAR: Hint.TOO_FAR,
    Fault.TOO_NEAR: Hint.TOO_NEAR,
    Fault.OFF_CENTRE: Hint.OFF_CENTRE,
    Fault.TOO_DARK: Hint.TOO_DARK,
    Fault.TOO_BRIGHT: Hint.TOO_BRIGHT,
    Fault.BLURRED: Hint.BLURRED,
}
# While the head turns, motion blurs it and it leaves the middle: only these faults are said.
SAID_WHILE_TURNING: Final = {Fault.NO_FACE, Fault.TWO_FACES, Fault.TOO_DARK}


@dataclass(frozen=True, slots=True)
class _Shot:
    sharpness: float
    chip: Picture


class PresenceCheck:
    """Check `number` against `portrait`; feed it pictures by `see` until `verdict` is there."""

    def __init__(
        self, number: int, portrait: Embedding, faces: FaceMesh, embedder: Embedder, challenge: Challenge
    ) -> None:
        """`faces` follows one stream and belongs to this check. `challenge` starts now."""
        self.verdict: Matched | NotProven | None = None
        self.guidance = Guidance(number, Prompt.LOOK, None, 0.0)
        self._number = number
        self._portrait = portrait
        self._faces = faces
        self._embedder = embedder
        self._challenge = challenge
        self._shots: list[_Shot] = []
        self._looks: list[list[Embedding]] = []
        self._turned: list[Embedding] = []
        self._fault: Fault | None = None
        self._fault_since_s = 0.0

    def see(self, rgb: Picture, time_s: float) -> None:
        """Takes the next picture into account; changes `guidance` or sets `verdict`."""
        faces = self._faces.find(rgb)
        wrong = fault(rgb, faces)
        face = faces[0] if len(faces) == 1 else None
        asked = self._challenge.asked
        moment = self._challenge.see(View(time_s, crc32(rgb[::8, ::8].tobytes()), face, wrong is None))
        match moment:
            case Moment.STARTED_OVER:
                self._shots, self._looks, self._turned = [], [], []
            case Moment.FRONTAL if face is not None:
                self._keep(rgb, face)
            case Moment.TURNED if face is not None:
                self._turned.append(self._embedder.embed(chip(rgb, face)))
        if asked in (Asked.LOOK, Asked.BACK) and self._challenge.asked is not asked:
            self._looks.append([self._embedder.embed(shot.chip) for shot in self._shots])
            self._shots = []
        if self._challenge.outcome is None:
            self._guide(wrong, time_s)
        else:
            self.verdict = self._concluded()

    def lost_camera(self) -> NotProven:
        """The verdict when there are no more pictures."""
        return NotProven(self._number, Reason.CAMERA_LOST, "no picture from the camera")

    def forget(self) -> None:
        """Lets go of every picture and embedding."""
        for shot in self._shots:
            shot.chip.fill(0)
        for embedding in (self._portrait, *chain(*self._looks), *self._turned):
            embedding.values.fill(0)
        self._shots, self._looks, self._turned = [], [], []
        self._faces.close()

    def _keep(self, rgb: Picture, face: Mesh) -> None:
        """The sharpest few of this look."""
        self._shots.append(_Shot(sharpness(rgb, face), chip(rgb, face)))
        self._shots.sort(key=lambda shot: shot.sharpness, reverse=True)
        del self._shots[BEST_PER_LOOK:]

    def _guide(self, wrong: Fault | None, time_s: float) -> None:
        if self._challenge.asked in (Asked.LEFT, Asked.RIGHT) and wrong not in SAID_WHILE_TURNING:
            wrong = None
        if wrong is not self._fault:
            self._fault, self._fault_since_s = wrong, time_s
        lasting = wrong is None or time_s - self._fault_since_s >= HINT_AFTER_S
        hint = (HINTS[wrong] if wrong else None) if lasting else self.guidance.hint
        steps = round(self._challenge.progress / PROGRESS_STEP)
        self.guidance = Guidance(self._number, PROMPTS[self._challenge.asked], hint, round(steps * PROGRESS_STEP, 2))

    def _concluded(self) -> Matched | NotProven:
        outcome = self._challenge.outcome
        assert outcome is not None
        if isinstance(outcome, Failed):
            reason = Reason.FACE_NOT_SEEN if outcome.why is Failure.NOT_SEEN else Reason.FACE_NOT_LIVE
            return NotProven(self._number, reason, f"liveness: {outcome.why.value}")
        frontal = list(chain(*self._looks))
        if len(frontal) < FRAMES_LEAST:
            return NotProven(self._number, Reason.FACE_NOT_SEEN, f"{len(frontal)} clear frontal pictures")
        thresholds = self._embedder.thresholds
        spread = max(one.distance(other) for one, other in combinations(frontal, 2))
        spread_turned = max(Embedding.mean(frontal).distance(turned) for turned in self._turned)
        # A turned head differs from its own front by more than two fronts do, but by less than another person.
        if judge(spread, thresholds) is not Verdict.SAME or judge(spread_turned, thresholds) is Verdict.DIFFERENT:
            return NotProven(self._number, Reason.FACE_NOT_LIVE, "not one person throughout")
        score = max(Embedding.mean(look).distance(self._portrait) for look in self._looks)
        match judge(score, thresholds):
            case Verdict.SAME:
                return Matched(
                    self._number,
                    self._embedder.name,
                    self._embedder.model.sha256,
                    score,
                    thresholds.same_at_most,
                    outcome.signals | {"spread_frontal": spread, "spread_turned": spread_turned},
                    len(frontal),
                )
            case Verdict.UNSURE:
                return NotProven(self._number, Reason.FACE_UNSURE, "between the thresholds")
            case Verdict.DIFFERENT:
                return NotProven(self._number, Reason.FACE_NOT_THE_CARDS, "beyond the threshold")
