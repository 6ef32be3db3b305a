"""Does somebody look over the citizen's shoulder? Two faces close together in the picture, and more than for a moment.

Whose faces they are nobody asks, and no picture is kept. Somebody far behind, waiting for their turn, does not count.
"""

from collections.abc import Sequence
from typing import Final

from models.landmarks import Mesh
from models.quality import onlooker

COMES: Final = 2
"""So many pictures in a row with two close faces, and somebody is there."""
GOES: Final = 4
"""So many without, and they are gone: better covered for too long than shown for a moment."""


class ShoulderGuard:
    """Feed it the faces of each picture; `near` says whether somebody is there."""

    def __init__(self) -> None:
        self.near = False
        self._contrary = 0

    def see(self, faces: Sequence[Mesh]) -> None:
        self._contrary = self._contrary + 1 if onlooker(faces) is not self.near else 0
        if self._contrary == (GOES if self.near else COMES):
            self.near, self._contrary = not self.near, 0
