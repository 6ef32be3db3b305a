"""A key switch, as the house sees it."""

from typing import Protocol


class Switch(Protocol):
    """A switch that is out of reach or lost is not turned."""

    @property
    def turned(self) -> bool: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def wait(self, turned: bool) -> None:
        """Until it is so, or at once when it is."""
