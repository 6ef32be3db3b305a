"""Garbage is collected while nobody waits for the screen.

Every page that is left is garbage in cycles (widgets and what they are bound to), some twenty thousand objects, and to
search and free them takes as long as to paint a page. So what is imported is put aside for good, and the search for the
rest begins when the screen has had no news for a while. Should news never pause, Python's own collector still begins,
only later, and memory stays bounded.
"""

import gc
from typing import Any, Final

from kivy.clock import Clock

_QUIET_SECONDS: Final = 0.4
_OBJECTS: Final = 200_000
"""What may pile up without a rest: some ten pages."""


class Rest:
    """Begins when what is imported has been imported."""

    def __init__(self) -> None:
        gc.freeze()
        gc.set_threshold(_OBJECTS)
        self._quiet = Clock.create_trigger(self._collect, _QUIET_SECONDS)

    def put_off(self) -> None:
        """There is news."""
        self._quiet.cancel()
        self._quiet()

    def _collect(self, *_: Any) -> None:
        gc.collect()
