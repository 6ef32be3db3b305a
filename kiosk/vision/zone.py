"""Where in the picture the face is, for the oval on the screen: whoever sits, is small or is tall sees it at their own
height, and need not come to it.

People from 1.0 to 1.9 m stand or sit before one camera that does not move (`models.placement`), so a face that is whole
in the picture is well placed wherever it is. The oval only shows where; it goes with the face, but not with every nod.
"""

from typing import Final

from kiosk.pages import Zone

HIGH_ABOVE: Final = 0.42
LOW_BELOW: Final = 0.58
"""The face's middle, from the picture's upper edge in parts of its height."""
STAYS: Final = 0.04
"""So much farther back it must come before it counts as in the middle again."""
FOR_S: Final = 0.4


class FaceZone:
    """Feed it the face's middle in each picture in which the head is held still; `zone` follows."""

    def __init__(self) -> None:
        self.zone = Zone.MIDDLE
        self._next = Zone.MIDDLE
        self._since_s = 0.0

    def see(self, middle: float, time_s: float) -> None:
        seen = self._of(middle)
        if seen is not self._next:
            self._next, self._since_s = seen, time_s
        if time_s - self._since_s >= FOR_S:
            self.zone = seen

    def _of(self, middle: float) -> Zone:
        if middle < HIGH_ABOVE + (STAYS if self.zone is Zone.HIGH else 0.0):
            return Zone.HIGH
        if middle > LOW_BELOW - (STAYS if self.zone is Zone.LOW else 0.0):
            return Zone.LOW
        return Zone.MIDDLE
