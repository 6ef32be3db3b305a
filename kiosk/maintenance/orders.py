"""What changes something at this terminal is done for the fleet by the operator's own words only (kiosk.fleet.command):
the agent carries them to the desk's door, and is not believed.

And it is done once. An order is remembered by its id before it is begun, over restarts; who brings it again hears how
it ended, and an order that was begun and left is not begun again. The audit log knows that there were any, so that it
shows when that memory is gone. What only looks needs no order.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from kiosk.audit.log import AuditLog
from kiosk.clock import Clock
from kiosk.fleet import command as words
from kiosk.fleet import operator
from kiosk.fleet.command import Command
from kiosk.fleet.once import Memory, Once
from kiosk.fleet.operator import OrderRefused, Refusal
from kiosk.health.findings import Level
from kiosk.messages import Do
from kiosk.profile import Fleet
from kiosk.reasons import Refused

FILE: Final = "fleet-orders.json"
"""Beside the ledger."""
ORDERED: Final = "maintenance.ordered"


class Begun(Struct, frozen=True):
    """`level`: how it ended; None: it was left."""

    issued_at: datetime
    level: Level | None = None


class Orders:
    """`fleet`: which operator is pinned, and which groups are meant. `terminal`: its id. `kept`: a folder on disk."""

    def __init__(self, fleet: Fleet, terminal: str, clock: Clock, audit: AuditLog, kept: Path) -> None:
        self._fleet = fleet
        self._terminal = terminal
        self._clock = clock
        self._audit = audit
        self._once = Once(kept / FILE, Memory[Begun], clock, came=lambda: audit.may_have(ORDERED))

    def recall(self) -> None:
        """At the start, when nobody waits: where the memory is gone the whole audit log is read."""
        self._once.recall()

    def judge(self, wish: Do) -> tuple[Command, Begun | None]:
        """The operator's command to do just this, and what became of it if it came before. Raises OrderRefused."""
        command = words.read(wish.order, operator.named(self._fleet.operator), self._terminal, self._fleet.groups)
        if (command.command, command.argument) != (wish.entry, wish.choice):
            raise OrderRefused(Refusal.CANNOT, f"{command.id} orders something else")
        if (before := self._once.before(command)) is None:
            words.check_time(command, self._clock.now())
        return command, before

    def begin(self, command: Command) -> None:
        """Raises OrderRefused when it waited for too long, came before meanwhile, or cannot be remembered."""
        words.check_time(command, self._clock.now())
        if self._once.before(command) is not None:
            raise OrderRefused(Refusal.REPLAYED, f"{command.id} was begun a moment ago")
        try:
            self._audit.record(ORDERED, id=command.id)
            self._once.remember(command, Begun(command.issued_at))
        except Refused as refused:
            raise OrderRefused(Refusal.CANNOT, f"the audit log takes no more: {refused.detail}") from None
        except OSError as error:
            raise OrderRefused(Refusal.CANNOT, f"it cannot be remembered: {error.strerror}") from None

    def end(self, command: Command, level: Level) -> None:
        """Raises OSError: then it stays one that was left."""
        self._once.remember(command, Begun(command.issued_at, level))
