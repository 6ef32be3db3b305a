"""Who has the terminal: citizens, or staff who need it for themselves for a moment.

Card reader, printer and camera can do one thing at a time. So an errand of staff waits until no citizen is served, and
the home page waits until the errands are over.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Errand:
    def __init__(self) -> None:
        self.begins = asyncio.Event()
        self.is_over = asyncio.Event()


class Floor:
    """Errands in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[_Errand] = deque()
        self._wanted = asyncio.Event()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Entered when no citizen is served; none is until it is left."""
        errand = _Errand()
        self._waiting.append(errand)
        self._wanted.set()
        try:
            await errand.begins.wait()
            yield
        finally:
            errand.is_over.set()
            if errand in self._waiting:
                self._waiting.remove(errand)

    @property
    def waiting(self) -> int:
        """How many errands wait."""
        return len(self._waiting)

    async def wanted(self) -> None:
        """Until an errand waits."""
        while not self._waiting:
            self._wanted.clear()
            await self._wanted.wait()

    async def give(self) -> None:
        """Lets every errand that waits be done; whoever serves citizens calls it, between two of them."""
        while self._waiting:
            errand = self._waiting.popleft()
            errand.begins.set()
            await errand.is_over.wait()
