"""The printer port: takes a PrintableDocument and nothing else, and answers for every page of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hardware.printers.port import JobReport, Outcome, Printer, PrinterError, Submission, Trouble
from kiosk.desk import PrintReport
from kiosk.documents.gate import PrintableDocument
from kiosk.reasons import ONCE_SENT, Reason, Refused

_REASONS = {
    Trouble.PAPER_EMPTY: Reason.PAPER_EMPTY,
    Trouble.JAM: Reason.PAPER_JAM,
    Trouble.DOOR_OPEN: Reason.PRINTER_DOOR_OPEN,
}


class PaperPort:
    """The desk's `Printer`, on any hardware printer."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    async def trouble(self) -> Reason | None:
        return _reason(await self._printer.condition())

    @asynccontextmanager
    async def job(self, paper: PrintableDocument) -> AsyncIterator[AsyncIterator[PrintReport]]:
        """Submits, and yields the reports. Raises Refused when the pages will not come.

        Left before the job has an outcome, it is cancelled: the context ends when no page of it can come out any more,
        and says so with Refused when that came too late (PRINT_ALREADY_OUT) or cannot be known (PRINT_UNCERTAIN). A
        job that is being handed over just then is handed over first, because half a submission cannot be recalled.
        """
        handing_over = asyncio.ensure_future(self._handed_over(paper))
        settled = False

        async def reports() -> AsyncIterator[PrintReport]:
            nonlocal settled
            async for report in self._printer.follow(await asyncio.shield(handing_over)):
                settled = report.outcome is not None
                match report.outcome:
                    case None | Outcome.PRINTED:
                        yield PrintReport(report.pages_out, _reason(report.trouble), printed=settled)
                    case outcome:
                        raise Refused(_refusal(report), f"the job ended {outcome.value}")

        try:
            yield reports()
        finally:
            if not settled:
                await self._recall(handing_over)

    async def _handed_over(self, paper: PrintableDocument) -> Submission:
        try:
            return await self._printer.submit(paper.pdf, paper.pages)
        except PrinterError as error:
            raise Refused(_reason(error.trouble) or Reason.PRINTER_LOST, error.detail) from None

    async def _recall(self, handing_over: "asyncio.Future[Submission]") -> None:
        try:
            submission = await asyncio.shield(handing_over)
        except Refused:
            return
        try:
            await self._printer.cancel(submission)
        except PrinterError as error:
            raise Refused(Reason.PRINT_UNCERTAIN, error.detail) from None
        async for report in self._printer.follow(submission):
            if report.outcome is Outcome.PRINTED:
                raise Refused(Reason.PRINT_ALREADY_OUT, "the page was out before the job could be cancelled")
            if report.outcome is Outcome.UNCERTAIN or report.pages_out:
                raise Refused(Reason.PRINT_UNCERTAIN, "some page may be out of the cancelled job")


def _refusal(report: JobReport) -> Reason:
    if report.outcome is Outcome.UNCERTAIN or report.pages_out:
        return Reason.PRINT_UNCERTAIN
    reason = _reason(report.trouble) or Reason.PRINTER_LOST
    return ONCE_SENT.get(reason, reason)


def _reason(trouble: Trouble | None) -> Reason | None:
    return None if trouble is None else _REASONS.get(trouble, Reason.PRINTER_LOST)
