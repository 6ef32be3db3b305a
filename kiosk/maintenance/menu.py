"""The menu of one terminal, and running what stands in it: it is written down who asked for what and how it ended;
a fault ends the entry and not the desk, and none runs for ever.
"""

import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Final

from kiosk.health.findings import Level
from kiosk.maintenance.at_most import NotOver, at_most
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.line import Line, Said, wrong
from kiosk.maintenance.workshop import Workshop
from kiosk.pages import Text
from kiosk.reasons import fault

log = logging.getLogger(__name__)

_RISING: Final = (Level.OK, Level.WARN, Level.FAIL)


class Menu:
    """`entries` in the order in which they are shown; `workshop`: what they may use here."""

    def __init__(self, entries: Sequence[Entry], workshop: Workshop) -> None:
        self.entries = tuple(entries)
        self._workshop = workshop

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    async def perform(self, entry: Entry, choice: str, by: str) -> AsyncGenerator[Said, None]:
        """`by`: who asks, for the audit log: a technician's certificate, "console", a command of the fleet.

        Raises Refused when the log cannot keep it: then nothing is done. The caller has seen to the role and the floor.
        """
        if not entry.takes(choice):
            raise ValueError(f"{entry.name} cannot be run with this choice")
        audit = self._workshop.audit
        audit.record("maintenance.began", entry=entry.name, choice=choice, by=by)
        levels: list[Level] = []
        outcome = "left"
        try:
            async with aclosing(self._guarded(entry, choice)) as saying:
                async for said in saying:
                    if isinstance(said, Line):
                        levels.append(said.level)
                    yield said
            outcome = worst(levels).value
        finally:
            audit.record("maintenance.ended", entry=entry.name, outcome=outcome, by=by)

    async def _guarded(self, entry: Entry, choice: str) -> AsyncGenerator[Said, None]:
        try:
            async with aclosing(entry.run(self._workshop, choice)) as saying:
                async for said in at_most(entry.within_s, saying):
                    yield said
        except NotOver:
            log.error("%s is ended: it took more than %.0f s", entry.name, entry.within_s)
            remedy = Text("再试一次；原因见：journalctl -u kiosk-desk", "try again; journalctl -u kiosk-desk says why")
            zh = f"超过 {entry.within_s / 60:.0f} 分钟仍未完成，已终止"
            yield wrong(zh, f"ended: it was not over after {entry.within_s / 60:.0f} minutes", remedy)
        except Exception as error:
            log.error("fault: %s", fault(error))
            remedy = Text("原因见：journalctl -u kiosk-desk", "journalctl -u kiosk-desk says why")
            yield wrong("出现故障，未能完成", "a fault; it was not completed", remedy)


def worst(levels: Iterable[Level]) -> Level:
    """Of an entry that said nothing: OK."""
    return max(levels, key=_RISING.index, default=Level.OK)
