"""The printer port: takes a PrintableDocument, from staff what they drew themselves, and nothing else; it answers for
every page of a document, also for those of a desk that died before this one."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from hardware.printers.port import (
    JobReport,
    JobTicket,
    Outcome,
    Printer,
    PrinterError,
    Submission,
    Trouble,
    Unconfirmed,
)
from hardware.printers.supplies import Supplies, SupplyKind
from kiosk.clock import Clock
from kiosk.desk import PrintReport
from kiosk.documents.gate import PrintableDocument
from kiosk.maintenance.staff_paper import StaffPaper
from kiosk.pages import Notice
from kiosk.paper.ledger import UNSETTLED, Issue, Jammed, Ledger, LedgerError, ReprintToken, State
from kiosk.paper.stock import Source, StockHistory
from kiosk.reasons import ONCE_SENT, Reason, Refused, fault

log = logging.getLogger(__name__)

STILL_THERE: Final = timedelta(minutes=10)
"""For so long after a crash somebody may still stand there and wait for a page."""

_REASONS = {
    Trouble.PAPER_EMPTY: Reason.PAPER_EMPTY,
    Trouble.JAM: Reason.PAPER_JAM,
    Trouble.DOOR_OPEN: Reason.PRINTER_DOOR_OPEN,
}
_LOW: Final = {SupplyKind.PAPER: Notice.PAPER_LOW, SupplyKind.TONER: Notice.TONER_LOW}
_AFTER_A_CRASH: Final = {
    State.OUT: Reason.INTERRUPTED_BUT_OUT,
    State.NOT_OUT: Reason.INTERRUPTED_NOT_OUT,
    State.UNCERTAIN: Reason.PRINT_UNCERTAIN,
}


class PaperPort:
    """The desk's `Printer`, on any hardware printer. `tickets`: how each kind is laid on paper."""

    def __init__(
        self,
        printer: Printer,
        ledger: Ledger,
        stock: StockHistory,
        tickets: Mapping[str, JobTicket],
        clock: Clock,
    ) -> None:
        self._printer = printer
        self._ledger = ledger
        self._stock = stock
        self._tickets = tickets
        self._clock = clock
        self._left_behind = list(ledger.unsettled())
        self._interruption: Reason | None = None

    async def trouble(self) -> Reason | None:
        try:
            await self._reconcile()
        except PrinterError as error:
            return _reason(error.trouble)
        return _reason(await self._printer.condition())

    async def notices(self) -> tuple[Notice, ...]:
        try:
            supplies = await self.supplies()
        except PrinterError:
            return ()
        return tuple(notice for kind, notice in _LOW.items() if supplies.is_low(kind))

    async def supplies(self) -> Supplies:
        """What the printer has left; kept, too. Raises PrinterError."""
        supplies = await self._printer.supplies()
        self._stock.note(Source.PRINTER, supplies)
        return supplies

    async def print_for_staff(self, paper: StaffPaper) -> AsyncGenerator[JobReport, None]:
        """Reports until one has an outcome. Raises Refused when nothing was handed over. To leave it before that is to
        cancel the job. No citizen is served meanwhile (kiosk.maintenance.floor)."""
        name = f"staff-{secrets.token_hex(8)}"
        try:
            await self._reconcile()
            submission = await self._printer.submit(paper.pdf, paper.pages, name, JobTicket())
        except PrinterError as error:
            raise Refused(_reason(error.trouble) or Reason.PRINTER_LOST, error.detail) from None
        over = False
        try:
            async for report in self._printer.follow(submission):
                over = report.outcome is not None
                yield report
        finally:
            if not over:
                await self._printer.cancel(submission)

    def interruption(self) -> Reason | None:
        """What became of the print that a crash interrupted a moment ago; told once."""
        told, self._interruption = self._interruption, None
        return told

    def collected(self, issue: str) -> None:
        """The citizen says that they have all of it."""
        try:
            self._ledger.collected(issue)
        except OSError as error:
            log.error("ledger: %s", fault(error))  # they have it all the same

    async def _reconcile(self) -> None:
        """Settles what was left behind, by a desk before this one or a fault in this one: queue and printer are asked,
        and until they have answered nothing else is printed. Raises PrinterError."""
        while self._left_behind:
            issue = self._left_behind[0]
            if issue.state is State.JAMMED:
                state = self._settled(issue, JobReport(0, None, Outcome.ABORTED))
            else:
                state = self._settled(issue, await self._printer.settle(issue.job, issue.pages))
            self._left_behind.pop(0)
            log.warning("ledger: issue %s was left behind: %s", issue.token, state.value)
            if self._clock.now() - issue.at < STILL_THERE:
                self._interruption = _AFTER_A_CRASH[state]

    @asynccontextmanager
    async def job(
        self, paper: PrintableDocument, reprint: ReprintToken | None = None
    ) -> AsyncIterator[AsyncIterator[PrintReport]]:
        """Submits, and yields the reports. Raises Refused when the pages will not come.

        Left before the job has an outcome, it is cancelled: the context ends when no page of it can come out any more,
        and says so with Refused when that came too late (PRINT_ALREADY_OUT) or cannot be known (PRINT_UNCERTAIN). A
        job that is being handed over just then is handed over first, because half a submission cannot be recalled.
        """
        issue = await self._issue(paper, reprint)
        handing_over = asyncio.ensure_future(self._handed_over(paper, issue))
        settled = False

        async def reports() -> AsyncIterator[PrintReport]:
            nonlocal settled
            pages_out = 0
            jammed = False
            async for report in self._printer.follow(await asyncio.shield(handing_over)):
                jammed = jammed or report.trouble is Trouble.JAM
                if report.outcome is not None:
                    settled = True
                    if jammed and report.outcome is Outcome.ABORTED and not report.pages_out:
                        raise Jammed(self._ledger.jammed(issue.token))
                    if self._settled(issue, report) is not State.OUT:
                        raise Refused(_refusal(report), f"the job ended {report.outcome.value}")
                elif report.pages_out > pages_out:
                    self._ledger.pages_are_out(issue.token, report.pages_out)
                pages_out = report.pages_out
                yield PrintReport(issue.token, pages_out, issue.pages, _reason(report.trouble), printed=settled)

        try:
            yield reports()
        finally:
            try:
                if not settled:
                    await self._recall(handing_over, issue)
            finally:
                # A fault (a disk that is full, a bug) may have kept the last word out of the ledger: it is asked for.
                if (left := self._ledger.of(issue.token)).state in UNSETTLED - {State.JAMMED}:
                    self._left_behind.append(left)

    async def _issue(self, paper: PrintableDocument, reprint: ReprintToken | None) -> Issue:
        ticket = self._ticket(paper)
        try:
            await self._reconcile()
            if reprint is not None:
                return self._ledger.issue_again(reprint)
            return self._ledger.issue(paper.kind, paper.sha256, paper.pages * ticket.copies)
        except PrinterError as error:
            raise Refused(_reason(error.trouble) or Reason.PRINTER_LOST, error.detail) from None
        except LedgerError as error:
            raise Refused(Reason.PRINT_UNCERTAIN, str(error)) from None
        except OSError as error:
            log.error("ledger: %s", fault(error))
            raise Refused(Reason.INTERNAL, "the ledger cannot be written, so nothing is printed") from None

    async def _handed_over(self, paper: PrintableDocument, issue: Issue) -> Submission:
        try:
            submission = await self._printer.submit(paper.to_print, paper.pages, issue.job, self._ticket(paper))
        except Unconfirmed as error:
            # It stays unsettled, so queue and printer are asked before anything else is printed.
            raise Refused(Reason.PRINT_UNCERTAIN, error.detail) from None
        except PrinterError as error:
            self._ledger.not_out(issue.token)
            raise Refused(_reason(error.trouble) or Reason.PRINTER_LOST, error.detail) from None
        try:
            self._ledger.spooled(issue.token)
        except OSError as error:
            log.error("ledger: %s", fault(error))  # a desk that starts treats issued and spooled alike
        return submission

    async def _recall(self, handing_over: "asyncio.Future[Submission]", issue: Issue) -> None:
        try:
            submission = await asyncio.shield(handing_over)
        except Refused as refused:
            if refused.reason is Reason.PRINT_UNCERTAIN:
                raise  # also to whoever taps stop just then: some page may come out
            return
        try:
            await self._printer.cancel(submission)
        except PrinterError as error:
            self._ledger.uncertain(issue.token)
            raise Refused(Reason.PRINT_UNCERTAIN, error.detail) from None
        async for report in self._printer.follow(submission):
            if report.outcome is not None:
                match self._settled(issue, report):
                    case State.OUT:
                        raise Refused(Reason.PRINT_ALREADY_OUT, "the page was out before the job could be cancelled")
                    case State.UNCERTAIN:
                        raise Refused(Reason.PRINT_UNCERTAIN, "some page may be out of the cancelled job")

    def _settled(self, issue: Issue, report: JobReport) -> State:
        """Writes down how it ended."""
        if report.outcome is Outcome.PRINTED:
            self._ledger.out(issue.token)
            return State.OUT
        if report.outcome is Outcome.UNCERTAIN or report.pages_out or issue.pages_out:
            self._ledger.uncertain(issue.token)
            return State.UNCERTAIN
        self._ledger.not_out(issue.token)
        return State.NOT_OUT

    def _ticket(self, paper: PrintableDocument) -> JobTicket:
        return self._tickets.get(paper.kind, JobTicket())


def _refusal(report: JobReport) -> Reason:
    if report.outcome is Outcome.UNCERTAIN or report.pages_out:
        return Reason.PRINT_UNCERTAIN
    reason = _reason(report.trouble) or Reason.PRINTER_LOST
    return ONCE_SENT.get(reason, reason)


def _reason(trouble: Trouble | None) -> Reason | None:
    return None if trouble is None else _REASONS.get(trouble, Reason.PRINTER_LOST)
