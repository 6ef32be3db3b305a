"""A file that staff at the terminal touch when they want something of the agent; it lies beside the desk's door, where
the agent sees what it is told to look for and nothing else."""

from pathlib import Path


class Wish:
    """`path`: of that file. What was wished before there was this agent is not wished any more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._heard = self._touched_at()

    def comes(self) -> bool:
        """Whether it was touched since this was last asked."""
        touched = self._touched_at()
        if touched in (0, self._heard):
            return False
        self._heard = touched
        return True

    def _touched_at(self) -> int:
        """0: never, or this process may not see it."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0
