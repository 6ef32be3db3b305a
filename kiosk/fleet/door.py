"""The agent at the desk's door: what it may ask a desk that runs for are entries of the technician's menu that are for
the fleet, too."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

from kiosk.health.findings import Level
from kiosk.maintenance.knock import NobodyThere, knock
from kiosk.maintenance.line import Line
from kiosk.maintenance.plan import ASIDE
from kiosk.messages import Do, Done

_LINES_MOST: Final = 200


class NoDoor(Exception):
    """No desk that opens. The text is for the log."""


class DeskDoor:
    """`path`: its socket (kiosk.meeting)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def run(self, entry: str, choice: str, by: str, order: bytes) -> tuple[Level, tuple[str, ...]]:
        """How it ended, and what was said. `by`: the id of a command, `order`: its words, for what changes something.
        Waits for as long as the desk does. Raises NoDoor."""
        said: list[str] = []
        try:
            async with aclosing(knock(self._path, Do(entry, choice, by, order))) as saying:
                async for each in saying:
                    match each:
                        case Line() if len(said) < _LINES_MOST:
                            remedy = f"; {each.remedy.en}" if each.remedy else ""
                            said.append(f"{each.level.value}: {each.says.en}{remedy}")
                        case Done():
                            return each.level, tuple(said)
        except NobodyThere as error:
            raise NoDoor(str(error)) from None
        raise NoDoor("it was left without an end")

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Entered when no citizen is served, and none is until it is left. Raises NoDoor."""
        try:
            async with aclosing(knock(self._path, Do(ASIDE, "", "agent"))) as saying:
                async for each in saying:
                    match each:
                        case Line(level=Level.OK):
                            yield
                            return
                        case Line() | Done():
                            raise NoDoor("it refuses to stand aside")
        except NobodyThere as error:
            raise NoDoor(str(error)) from None
        raise NoDoor("it was left without an end")
