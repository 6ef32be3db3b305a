"""What a printer is to this terminal: a device that can be asked how it is, and jobs that end in one known outcome.

The paper is the truth. A job is over when the printer itself says so, not when a queue has accepted it, and where
nobody can know whether a page came out the outcome is `UNCERTAIN`: the one who called decides, nothing here prints a
second time. The words of state follow RFC 8011 (IPP/1.1: Model and Semantics), sections 5.3.7 and 5.4.12.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Trouble(Enum):
    """Why no page can come out of the printer now."""

    PAPER_EMPTY = "paper-empty"
    JAM = "jam"
    DOOR_OPEN = "door-open"
    OFFLINE = "offline"
    TONER_EMPTY = "toner-empty"
    REFUSING = "refusing"
    OTHER = "other"


class Outcome(Enum):
    """How a job ended. Some pages may be out of a `CANCELLED` or `ABORTED` one: see `JobReport.pages_out`.

    `PRINTED` also ends a job whose cancelling came too late: all its pages are out.
    """

    PRINTED = "printed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"
    UNCERTAIN = "uncertain"


class PrinterError(Exception):
    """The printer or its queue cannot do what was asked. `detail` is for technicians, without personal data."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Submission:
    """One document handed to the printer: the number and neutral name of its job, and its pages. Not the document."""

    job: int
    name: str
    pages: int


@dataclass(frozen=True, slots=True)
class JobReport:
    """Where a job stands: pages that are out, what keeps the printer from going on, and the outcome once it is over."""

    pages_out: int
    trouble: Trouble | None
    outcome: Outcome | None


class Printer(Protocol):
    """A printer of A4 pages, one job at a time: `submit` before the last job has an outcome is a programming error."""

    async def condition(self) -> Trouble | None:
        """What the printer itself says now; None means ready. A silent printer is `Trouble.OFFLINE`, not an error."""
        ...

    async def submit(self, pdf: bytes, pages: int) -> Submission:
        """Hand over a PDF of `pages` pages, from memory, to a printer that is ready.

        Raises PrinterError, also with the trouble of a printer that is not; then nothing was handed over.
        """
        ...

    def follow(self, submission: Submission) -> AsyncIterator[JobReport]:
        """Reports within 0.5 s of a change and at least once a second; ends after the report that has an outcome.

        It has no deadline of its own: a printer that waits for paper waits. The caller counts, and cancels.
        """
        ...

    async def cancel(self, submission: Submission) -> None:
        """Stop the job; when this returns no further page can come, and `follow` tells how it ended.

        May be called again, and for a job that is over.

        Raises PrinterError when that cannot be promised (the printer is gone, or does not let go of the job).
        """
        ...

    async def close(self) -> None:
        """Let go of connections and threads. A job under way stays as it is."""
        ...
