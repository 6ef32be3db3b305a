"""What a ticket printer is to this terminal: it can be asked about its roll, and a slip is out or it is not."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hardware.tickets.slip import Slip


class TicketTrouble(Enum):
    """Why no slip can come out now."""

    PAPER_EMPTY = "paper-empty"
    COVER_OPEN = "cover-open"
    OFFLINE = "offline"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TicketCondition:
    """What the printer itself says. `trouble`: None means ready. `paper_is_low`: the roll's near-end sensor."""

    trouble: TicketTrouble | None
    paper_is_low: bool = False


class TicketError(Exception):
    """The slip is not (wholly) out, and what is left of it will not come. `detail` is for technicians."""

    def __init__(self, trouble: TicketTrouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


class TicketPrinter(Protocol):
    """A printer of slips, one at a time."""

    async def condition(self) -> TicketCondition:
        """A printer that does not answer is `OFFLINE`, not an error."""
        ...

    async def print(self, slip: Slip) -> None:
        """Return when the printer itself says that the slip is printed and cut.

        Raises TicketError otherwise. Then nothing of it is left in the printer: no slip of somebody who has gone may
        come out after a refill.
        """
        ...

    async def close(self) -> None:
        """Let go of the line."""
        ...
