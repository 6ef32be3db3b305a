"""What a printer is to this terminal: a device that can be asked how it is, and jobs that end in one known outcome.

The paper is the truth. A job is over when the printer itself says so, not when a queue has accepted it, and where
nobody can know whether a page came out the outcome is `UNCERTAIN`: the one who called decides, nothing here prints a
second time. The words of state follow RFC 8011 (IPP/1.1: Model and Semantics), sections 5.3.7 and 5.4.12.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from hardware.printers.supplies import Supplies


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


class Unconfirmed(PrinterError):
    """The document was on its way when the queue was lost: it may be printed. `Printer.settle` finds out."""


class Sides(Enum):
    """`sides` of RFC 8011, section 5.2.8."""

    ONE = "one-sided"
    LONG_EDGE = "two-sided-long-edge"
    SHORT_EDGE = "two-sided-short-edge"


class Colour(Enum):
    """`print-color-mode` of PWG 5100.13."""

    COLOUR = "color"
    MONOCHROME = "monochrome"


class Media(Enum):
    """`media` in the self-describing names of PWG 5101.1."""

    A4 = "iso_a4_210x297mm"
    A3 = "iso_a3_297x420mm"


@dataclass(frozen=True, slots=True)
class JobTicket:
    """How a document is laid on paper. `tray`: `media-source` of PWG 5100.7 ("main", "tray-1", "manual"). None is the
    printer's own choice. `copies` of one document are one job, and each of its pages is counted."""

    sides: Sides = Sides.ONE
    colour: Colour | None = None
    media: Media = Media.A4
    tray: str | None = None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Submission:
    """One document handed to the printer: the number and neutral name of its job, and the pages that must come out, all
    copies counted. Not the document."""

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

    async def supplies(self) -> Supplies:
        """What it has left. Raises PrinterError when it does not answer."""
        ...

    async def submit(self, pdf: bytes, pages: int, name: str, ticket: JobTicket) -> Submission:
        """Hand over a PDF of `pages` pages, from memory and byte for byte, to a printer that is ready.

        `name`: what the job is called wherever it can be seen, so neutral; never used before, so that `settle` finds
        it. Raises PrinterError, also with the trouble of a printer that is not ready; then nothing was handed over,
        unless it is `Unconfirmed`.
        """
        ...

    async def settle(self, name: str, pages: int) -> JobReport:
        """End the job of this name that a process before us submitted, and say what became of it.

        When this returns no further page can come. The report has an outcome, which is `UNCERTAIN` where neither queue
        nor printer can tell. Raises PrinterError while they cannot be asked.
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
