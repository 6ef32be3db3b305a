"""One check of one citizen: every picture goes in, guidance comes out, and in the end a match or the reason why not.

The challenge says what each picture is good for, the comparison whose face it is: frontal pictures of each look at the
camera, and one of each turn. Both must be content in the end.
"""

from typing import Final
from zlib import crc32

from kiosk.messages import Guidance, Matched, NotProven
from kiosk.pages import Hint, Prompt
from kiosk.reasons import Reason
from kiosk.vision.witness import FRAMES_LEAST
from models.embedding import Embedder
from models.landmarks import FaceMesh, Picture
from models.liveness import Asked, Challenge, Failed, Failure, Moment, View
from models.matching import Comparison, Likeness, Verdict
from models.quality import Fault, fault, sharpness

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


class PresenceCheck:
    """Check `number`; feed it pictures by `see` until `verdict` is there."""

    def __init__(self, number: int, comparison: Comparison, faces: FaceMesh, challenge: Challenge) -> None:
        """`comparison`, with the portrait, and `faces`, which follows one stream, belong to this check. `challenge`
        starts now."""
        self.verdict: Matched | NotProven | None = None
        self.guidance = Guidance(number, Prompt.LOOK, None, 0.0)
        self._number = number
        self._comparison = comparison
        self._faces = faces
        self._challenge = challenge
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
                self._comparison.start_over()
            case Moment.FRONTAL if face is not None:
                self._comparison.frontal(rgb, face, sharpness(rgb, face))
            case Moment.TURNED if face is not None:
                self._comparison.turned(rgb, face)
        if asked in (Asked.LOOK, Asked.BACK) and self._challenge.asked is not asked:
            self._comparison.look_over()
        if self._challenge.outcome is None:
            self._guide(wrong, time_s)
        else:
            self.verdict = self._concluded()

    def lost_camera(self) -> NotProven:
        """The verdict when there are no more pictures."""
        return NotProven(self._number, Reason.CAMERA_LOST, "no picture from the camera")

    def forget(self) -> None:
        """Lets go of every picture and embedding."""
        self._comparison.forget()
        self._faces.close()

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
        likeness = self._comparison.concluded()
        if likeness is None or likeness.frames < FRAMES_LEAST:
            seen = 0 if likeness is None else likeness.frames
            return NotProven(self._number, Reason.FACE_NOT_SEEN, f"{seen} clear frontal pictures")
        if not likeness.one_person:
            return NotProven(self._number, Reason.FACE_NOT_LIVE, "not one person throughout")
        match likeness.verdict:
            case Verdict.SAME:
                return matched(self._number, self._comparison.embedder, likeness, outcome.signals)
            case Verdict.UNSURE:
                return NotProven(self._number, Reason.FACE_UNSURE, "between the thresholds")
            case Verdict.DIFFERENT:
                return NotProven(self._number, Reason.FACE_NOT_THE_CARDS, "beyond the threshold")


def matched(number: int, embedder: Embedder, likeness: Likeness, signals: dict[str, float]) -> Matched:
    """What the desk learns of a match: which model, set for whom, and how sure. No image, no embedding."""
    return Matched(
        number,
        embedder.name,
        embedder.model.sha256,
        likeness.score,
        embedder.point.same_at_most,
        signals | likeness.signals,
        likeness.frames,
        embedder.population,
        embedder.point.validated,
    )
