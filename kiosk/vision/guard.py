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
    """Feed it the faces of each picture; `near` says whether somebody is there, None before it can tell."""

    def __init__(self) -> None:
        self.near: bool | None = None
        self._seen: bool | None = None
        self._alike = 0

    def see(self, faces: Sequence[Mesh]) -> None:
        there = onlooker(faces)
        self._alike = self._alike + 1 if there is self._seen else 1
        self._seen = there
        if self._alike >= (COMES if there else GOES):
            self.near = there
