"""One person before one camera: every picture goes in, and in the end they are there, all of them one person, or not.

The challenge says what each picture is good for, the comparison whose face it is: frontal pictures of each look at the
camera, and one of each gesture. Both must be content in the end.
"""

import numpy as np

from models.landmarks import FaceMesh, Picture
from models.liveness import policy
from models.liveness.antispoof import SpoofDetector
from models.liveness.challenge import Challenge, Failed, Moment, Passed, View
from models.liveness.continuity import patch
from models.liveness.gestures import GESTURES
from models.liveness.policy import Failure
from models.liveness.stream import Print
from models.matching import Comparison, Likeness
from models.quality import Covering, Fault, Placing, assess, brightness, glance


class Sitting:
    """Feed it pictures by `see` until `outcome` is there. `likeness`: what the comparison found, once it passed.

    `middle`: that of the face in the last picture, from its upper edge in parts of its height; None without a face.
    """

    def __init__(
        self,
        faces: FaceMesh,
        comparison: Comparison,
        challenge: Challenge,
        placing: Placing | None = None,
        spoofs: SpoofDetector | None = None,
    ) -> None:
        """`faces`, which follows one stream, and `comparison` belong to this sitting. `challenge` has just begun.

        Every picture that is seen belongs to it, too: it is wiped as soon as nothing needs it.
        """
        self.outcome: Passed | Failed | None = None
        self.likeness: Likeness | None = None
        self.middle: float | None = None
        self.challenge = challenge
        self._faces = faces
        self._comparison = comparison
        self._placing = placing or Placing()
        self._covering = Covering()
        self._spoofs = spoofs
        self._live: list[float] = []
        self._grey: Picture | None = None

    def see(self, rgb: Picture, time_s: float) -> Fault | None:
        """Takes the next picture into account; what is wrong with it comes back."""
        search = self._faces.search(rgb)
        # Beside it, what needs no face.
        print_, self._grey = Print.of(rgb), brightness(rgb, self._grey)
        self.challenge.expect(print_)
        found, asked, neutral = search(), self.challenge.asked, self.challenge.neutral
        if asked in GESTURES:
            seen = glance(self._grey, found)
        else:
            seen = assess(rgb, found, self._placing, self._covering, self._grey)
        cut = patch(self._grey, seen.face) if seen.face is not None else None
        self.middle = seen.face.middle[1] / len(rgb) if seen.face is not None else None
        moment = self.challenge.see(View(time_s, print_, rgb, seen.face, seen.fault is None, cut))
        match moment:
            case Moment.STARTED_OVER:
                self._comparison.start_over()
                self._live = []
            case Moment.FRONTAL if seen.face is not None:
                self._comparison.frontal(rgb, seen.face, seen.sharpness)
                if self.challenge.asked is not asked:
                    self._comparison.look_over()
                    if self._spoofs is not None:
                        self._live.append(self._spoofs.live(rgb, seen.face))
            case Moment.MOVED if seen.face is not None:
                self._comparison.turned(rgb, seen.face)
        if self.challenge.outcome is not None:
            self.outcome = self._judged(self.challenge.outcome)
        for picture in (rgb, neutral):
            if picture is not None and picture is not self.challenge.neutral:
                picture.fill(0)
        return seen.fault

    def forget(self) -> None:
        """Lets go of every picture and embedding."""
        if self.challenge.neutral is not None:
            self.challenge.neutral.fill(0)
        if self._grey is not None:
            self._grey.fill(0)
        self.challenge.forget()
        self._comparison.forget()
        self._faces.close()

    def _judged(self, outcome: Passed | Failed) -> Passed | Failed:
        if isinstance(outcome, Failed):
            return outcome
        self.likeness = self._comparison.concluded()
        if self.likeness is None:
            return Failed(Failure.NOT_SEEN, outcome.signals)
        signals = outcome.signals | self.likeness.signals
        least = None
        if self._spoofs is not None:
            signals["live"], least = float(np.min(self._live)), self._spoofs.entry.live_at_least
        why = policy.failure(self.challenge.order, self._comparison.embedder.point, signals, least)
        return Passed(signals) if why is None else Failed(why, signals)
