"""One check of one citizen: every picture goes in, guidance comes out, and in the end a match or the reason why not.

Whether somebody is there, and whose face it is, `models` says; here it becomes words for the desk.
"""

from typing import Final

from kiosk.messages import Guidance, Matched, NotProven
from kiosk.pages import Hint, Light, Prompt
from kiosk.reasons import Reason
from kiosk.vision.witness import FRAMES_LEAST
from kiosk.vision.zone import FaceZone
from models.embedding import Embedder
from models.landmarks import FaceMesh, Picture
from models.liveness.antispoof import SpoofDetector
from models.liveness.challenge import Challenge, Failed, Obstacle, Passed
from models.liveness.gestures import GESTURES, Asked
from models.liveness.light import Colour
from models.liveness.policy import Failure
from models.liveness.sitting import Sitting
from models.matching import Comparison, Likeness, Verdict
from models.quality import Fault, Placing

HINT_AFTER_S: Final = 0.4
"""A fault must last this long before it is said aloud, or the screen flickers."""
PROGRESS_STEP: Final = 0.05

PROMPTS: Final = {
    Asked.LOOK: Prompt.LOOK,
    Asked.LEFT: Prompt.TURN_LEFT,
    Asked.RIGHT: Prompt.TURN_RIGHT,
    Asked.UP: Prompt.LOOK_UP,
    Asked.OPEN: Prompt.OPEN_MOUTH,
    Asked.BACK: Prompt.BACK_TO_FRONT,
    Asked.LIGHT: Prompt.KEEP_LOOKING,
}
HINTS: Final[dict[Fault | Obstacle, Hint]] = {
    Fault.NO_FACE: Hint.NO_FACE,
    Fault.TWO_FACES: Hint.TWO_FACES,
    Fault.TOO_FAR: Hint.TOO_FAR,
    Fault.TOO_NEAR: Hint.TOO_NEAR,
    Fault.OFF_CENTRE: Hint.OFF_CENTRE,
    Fault.BACK_LIT: Hint.BACK_LIT,
    Fault.TOO_DARK: Hint.TOO_DARK,
    Fault.TOO_BRIGHT: Hint.TOO_BRIGHT,
    Fault.COVERED: Hint.COVERED,
    Fault.BLURRED: Hint.BLURRED,
    Obstacle.TURNED_AWAY: Hint.TURNED_AWAY,
    Obstacle.RESTLESS: Hint.HOLD_STILL,
}
# While the head moves, motion blurs it and it leaves the middle: only these faults are said.
SAID_WHILE_MOVING: Final = {Fault.NO_FACE, Fault.TWO_FACES, Fault.TOO_DARK}
LIGHTS: Final = {Colour.RED: Light.RED, Colour.GREEN: Light.GREEN, Colour.BLUE: Light.BLUE}
# What the citizen can do nothing about is the camera's, what nobody could see is no sign of an attack.
REASONS: Final = {Failure.NOT_SEEN: Reason.FACE_NOT_SEEN, Failure.TOO_SLOW: Reason.CAMERA_LOST}


class PresenceCheck:
    """Check `number`; feed it pictures by `see` until `verdict` is there."""

    def __init__(
        self,
        number: int,
        comparison: Comparison,
        faces: FaceMesh,
        challenge: Challenge,
        placing: Placing | None = None,
        spoofs: SpoofDetector | None = None,
    ) -> None:
        """`comparison`, with the portrait, and `faces`, which follows one stream, belong to this check. `challenge`
        starts now."""
        self.verdict: Matched | NotProven | None = None
        self.guidance = Guidance(number, Prompt.LOOK, None, 0.0)
        self._number = number
        self._embedder = comparison.embedder
        self._sitting = Sitting(faces, comparison, challenge, placing, spoofs)
        self._obstacle: Fault | Obstacle | None = None
        self._obstacle_since_s = 0.0
        self._zone = FaceZone()

    def see(self, rgb: Picture, time_s: float) -> None:
        """Takes the next picture into account; changes `guidance` or sets `verdict`."""
        fault = self._sitting.see(rgb, time_s)
        match self._sitting.outcome:
            case None:
                self._guide(fault, time_s)
            case Passed() as passed:
                self.verdict = self._compared(passed.signals)
            case Failed(why=why):
                reason = REASONS.get(why, Reason.FACE_NOT_LIVE)
                self.verdict = NotProven(self._number, reason, f"liveness: {why.value}")

    def without_picture(self) -> None:
        """The camera is away for a moment; the citizen should know that it is not them."""
        was = self.guidance
        self.guidance = Guidance(self._number, was.prompt, Hint.NO_PICTURE, was.progress, None, was.zone)

    def lost_camera(self) -> NotProven:
        """The verdict when there are no more pictures."""
        return NotProven(self._number, Reason.CAMERA_LOST, "no picture from the camera")

    def forget(self) -> None:
        """Lets go of every picture and embedding."""
        self._sitting.forget()

    def _guide(self, fault: Fault | None, time_s: float) -> None:
        challenge = self._sitting.challenge
        obstacle: Fault | Obstacle | None = fault or challenge.obstacle
        if challenge.asked in GESTURES and obstacle not in SAID_WHILE_MOVING:
            obstacle = None
        if obstacle is not self._obstacle:
            self._obstacle, self._obstacle_since_s = obstacle, time_s
        lasting = obstacle is None or time_s - self._obstacle_since_s >= HINT_AFTER_S
        hint = (HINTS[obstacle] if obstacle else None) if lasting else self.guidance.hint
        steps = round(challenge.progress / PROGRESS_STEP)
        light = LIGHTS[challenge.colour] if challenge.colour else None
        prompt = PROMPTS[challenge.asked]
        if self._sitting.middle is not None and challenge.asked not in GESTURES:
            self._zone.see(self._sitting.middle, time_s)
        progress = round(steps * PROGRESS_STEP, 2)
        self.guidance = Guidance(self._number, prompt, hint, progress, light, self._zone.zone)

    def _compared(self, signals: dict[str, float]) -> Matched | NotProven:
        likeness = self._sitting.likeness
        assert likeness is not None
        if likeness.frames < FRAMES_LEAST:
            return NotProven(self._number, Reason.FACE_NOT_SEEN, f"{likeness.frames} frontal pictures are too few")
        match likeness.verdict:
            case Verdict.SAME:
                return matched(self._number, self._embedder, likeness, signals)
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
        signals,
        likeness.frames,
        embedder.population,
        embedder.point.validated,
    )
