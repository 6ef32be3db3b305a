"""A printer behind a CUPS queue: CUPS carries the document, the printer itself says what became of it.

CUPS is good at turning a sealed PDF into what a device eats and bad at telling the truth about it (notes in
`ipp_device`). So the document goes in through pycups, from memory, under a random neutral name; from then on the
printer is asked for the job of that name. Rules that keep one issue from becoming two originals:

- The queue's copy is purged as soon as the printer has said the last word on the job, or has vanished with it: nothing
  that lies in a spool can be sent again later.
- A printer that comes back without knowing the job, or counts fewer pages than we sent, makes the job `UNCERTAIN`.
- What was left behind is ended before anything else, whether a process before us died over a printer without paper or
  queue or printer could not be reached when a job ended: no page may come out for somebody who has gone. What a process
  before us left did not come out only if the printer says so, or if the queue still had it in waiting; everything else
  that the printer does not know is `UNCERTAIN`.
- No state of the queue is ever taken as proof of paper; it only tells that a job will not reach the printer any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pyipp.enums import IppJobState, IppPrinterState

from hardware.printers.ipp_device import DeviceJob, IppDevice
from hardware.printers.port import JobReport, JobTicket, Outcome, PrinterError, Submission, Trouble, Unconfirmed
from hardware.printers.spooler import SPOOLER_WITHIN_S, Spooler, Way
from hardware.printers.supplies import Supplies

LOOK_AT_LEAST_EVERY_S: Final = 0.2
LOOK_AT_MOST_EVERY_S: Final = 0.02
LOOK_SHARE: Final = 0.04
"""The printer is asked again after this share of the time since its last news: whatever a page takes, we learn of it
within a twenty-fifth of that, and a printer that waits for paper is not asked fifty times a second."""
HEARTBEAT_S: Final = 1.0
LET_GO_WITHIN_S: Final = 15.0
_OURS: Final = "certificate-"
_ENDED_AT_PRINTER: Final = {IppJobState.CANCELED: Outcome.CANCELLED, IppJobState.ABORTED: Outcome.ABORTED}
# A job whose filter failed is "stopped" in the queue and stays there. A completed one that the printer has never heard
# of may have been heard and forgotten.
_ENDED_IN_QUEUE: Final = {
    IppJobState.CANCELED: Outcome.CANCELLED,
    IppJobState.ABORTED: Outcome.ABORTED,
    IppJobState.STOPPED: Outcome.ABORTED,
    IppJobState.COMPLETED: Outcome.UNCERTAIN,
}

_T = TypeVar("_T")


@dataclass(slots=True)
class _Job:
    """What is known of the one job under way."""

    submission: Submission
    pages_out: int = 0
    at_printer: bool = False
    printer_vanished: bool = False
    cancelling: bool = False
    last: JobReport | None = None
    queue_asked_at: float = float("-inf")
    queue_is_done: Outcome | None = None
    queue_has_stopped: bool = False
    queue_is_reached: bool = True


class CupsQueue:
    """The queue `queue` of the CUPS server on loopback port `server_port`, in front of the printer at `printer_uri`."""

    def __init__(self, server_port: int, queue: str, printer_uri: str) -> None:
        self._device = IppDevice(printer_uri)
        self._spooler = Spooler(server_port, queue)
        self._job: _Job | None = None
        self._looking = asyncio.Lock()
        self._swept = False
        self._never_sent: set[str] = set()

    async def condition(self) -> Trouble | None:
        """See `Printer.condition`."""
        try:
            await self._sweep()
            return await self._device.condition()
        except PrinterError as error:
            return error.trouble

    async def supplies(self) -> Supplies:
        """See `Printer.supplies`."""
        return await self._device.supplies()

    async def submit(self, pdf: bytes, pages: int, name: str, ticket: JobTicket) -> Submission:
        """See `Printer.submit`. Nothing is handed to a printer that cannot print now: no document waits for paper.

        The printer is asked while the queue makes an empty job, which prints nothing: so asking costs no time.
        """
        if self._job is not None and not _is_over(self._job):
            if not self._job.cancelling:
                raise RuntimeError("one job at a time: the last one has no outcome yet")
            await self.cancel(self._job.submission)  # whoever began to cancel it was interrupted
        await self._sweep()
        title = f"{_OURS}{name}"
        way = Way()
        handing_over = self._spooler.begin(lambda spooler: spooler.print(pdf, title, ticket, way))
        try:
            # To put the question together takes the interpreter, which the thread must have first to begin at all.
            first: set[asyncio.Future[Any]] = {asyncio.wrap_future(way.has_begun), handing_over}
            await asyncio.wait(first, timeout=SPOOLER_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            trouble = await self._device.condition()
            way.is_clear.set_result(trouble is None)
            number = await self._spooler.answer(handing_over)
            if trouble is not None:
                raise PrinterError(trouble, "the printer says that it cannot print")
        except BaseException as error:
            # Also for a caller who gave up waiting: the thread may finish the job later, and nobody would know of it.
            if not way.is_clear.done():
                way.is_clear.set_result(False)
            is_stuck = way.is_clear.result() and not handing_over.done()
            self._spooler.afterwards(lambda spooler: spooler.withdraw_named(title))
            handing_over.cancel()
            if isinstance(error, PrinterError) and (way.is_behind_us or is_stuck):
                raise Unconfirmed(error.trouble, error.detail) from None
            raise
        submission = Submission(number, title, pages * ticket.copies)
        self._job = _Job(submission)
        return submission

    async def settle(self, name: str, pages: int) -> JobReport:
        """See `Printer.settle`."""
        title = f"{_OURS}{name}"
        number, queued = await self._spooler.run(lambda spooler: spooler.found(title))
        if queued in (IppJobState.PENDING, IppJobState.HELD):
            self._never_sent.add(title)  # it is withdrawn now, and the printer may only answer the next time
        job = _Job(Submission(number, title, pages), cancelling=True)
        try:
            async with asyncio.timeout(LET_GO_WITHIN_S):
                while True:
                    # The queue first, as everywhere: while its backend is at work the job may be on its way.
                    queue_is_busy = await self._spooler.run(Spooler.busy)
                    trouble = await self._device.condition()
                    at_printer = await self._device.job_named(title)
                    if at_printer is not None and at_printer.ended:
                        return self._as_the_printer_says(job, at_printer, trouble)
                    if at_printer is not None:
                        await self._device.cancel(at_printer)
                    elif not queue_is_busy:
                        outcome = Outcome.CANCELLED if title in self._never_sent else Outcome.UNCERTAIN
                        return JobReport(0, trouble, outcome)
                    await asyncio.sleep(LOOK_AT_MOST_EVERY_S)
        except TimeoutError:
            raise PrinterError(Trouble.OTHER, "the printer does not let go of a job that was left behind") from None

    async def follow(self, submission: Submission) -> AsyncIterator[JobReport]:
        """See `Printer.follow`."""
        job = self._known(submission)
        loop = asyncio.get_running_loop()
        told: JobReport | None = None
        told_at = changed_at = loop.time()
        while told is None or told.outcome is None:
            report = await self._look(job)
            now = loop.time()
            if report != told:
                changed_at = now
            if report != told or now - told_at >= HEARTBEAT_S - LOOK_AT_LEAST_EVERY_S:
                told, told_at = report, now
                yield report
            if report.outcome is None:
                pause = LOOK_SHARE * (now - changed_at)
                await asyncio.sleep(min(LOOK_AT_LEAST_EVERY_S, max(LOOK_AT_MOST_EVERY_S, pause)))

    async def cancel(self, submission: Submission) -> None:
        """See `Printer.cancel`."""
        job = self._known(submission)
        job.cancelling = True
        try:
            async with asyncio.timeout(LET_GO_WITHIN_S):
                async for report in self.follow(submission):
                    outcome = report.outcome
        except TimeoutError:
            job.last = JobReport(job.pages_out, Trouble.OTHER, Outcome.UNCERTAIN)
            self._swept = False
            raise PrinterError(Trouble.OTHER, "the printer does not let go of the job") from None
        if outcome is Outcome.UNCERTAIN:
            raise PrinterError(report.trouble or Trouble.OTHER, "nobody can say what the printer did with the job")

    async def close(self) -> None:
        """See `Printer.close`."""
        self._spooler.close()
        await self._device.close()

    async def _sweep(self) -> None:
        """As soon as queue and printer can be reached, at the start and whenever they may have kept something: ends
        every job of ours. None of them is under way for anybody who is still there."""
        if not self._swept:
            await self._spooler.run(lambda spooler: spooler.withdraw_named(_OURS))
            try:
                async with asyncio.timeout(LET_GO_WITHIN_S):
                    while left := await self._device.jobs_under_way(_OURS):
                        for job in left:
                            await self._device.cancel(job)
                        await asyncio.sleep(LOOK_AT_MOST_EVERY_S)
            except TimeoutError:
                raise PrinterError(Trouble.OTHER, "the printer does not let go of a job that was left behind") from None
            self._swept = True

    def _known(self, submission: Submission) -> _Job:
        if self._job is None or self._job.submission != submission:
            raise ValueError("not the job under way")
        return self._job

    async def _look(self, job: _Job) -> JobReport:
        """Ask the queue, then the printer; on an outcome, purge the queue's copy before anyone hears of it."""
        async with self._looking:
            if job.last is not None and job.last.outcome is not None:
                return job.last
            report = await self._ask(job)
            if report.outcome is not None:
                is_withdrawn = await self._withdraw(job)
                # What queue or printer may still hold would come out for the next one: it is ended before they are
                # called ready again.
                self._swept = is_withdrawn and report.outcome is not Outcome.UNCERTAIN
            job.last = report
            return report

    async def _ask(self, job: _Job) -> JobReport:
        if job.cancelling:
            await self._withdraw(job)
        # The queue first: once it says it is done with the job, the printer's answer that follows is the last word.
        await self._hear_the_queue(job)
        try:
            trouble = await self._device.condition()
            at_printer = await self._device.job_named(job.submission.name)
            if job.cancelling and at_printer is not None and not at_printer.ended:
                await self._device.cancel(at_printer)
        except PrinterError as error:
            job.printer_vanished = True
            await self._withdraw(job)
            return JobReport(job.pages_out, error.trouble, Outcome.UNCERTAIN if job.cancelling else None)
        if at_printer is not None:
            if trouble is None and at_printer.state in _ENDED_AT_PRINTER:
                # What ended it may have come between two questions. Its word on the job stands without this one.
                with contextlib.suppress(PrinterError):
                    trouble = await self._device.condition()
            return self._as_the_printer_says(job, at_printer, trouble)
        if job.at_printer or job.printer_vanished:
            return JobReport(job.pages_out, trouble, Outcome.UNCERTAIN)
        if job.queue_is_done is not None:
            return JobReport(0, trouble, job.queue_is_done)
        if trouble is None and job.queue_has_stopped:
            await self._try(Spooler.resume)  # only now: the printer itself says that what stopped it is gone
        if not job.queue_is_reached:
            trouble = trouble or Trouble.OFFLINE
        return JobReport(0, trouble, None)

    def _as_the_printer_says(self, job: _Job, at_printer: DeviceJob, trouble: Trouble | None) -> JobReport:
        job.at_printer = True
        job.pages_out = max(job.pages_out, at_printer.pages_out or 0)
        outcome = _ENDED_AT_PRINTER.get(at_printer.state)
        if at_printer.state is IppJobState.COMPLETED:
            if at_printer.pages_out is None:  # a printer that does not count is believed
                job.pages_out = job.submission.pages
            outcome = Outcome.UNCERTAIN
        if outcome in (Outcome.CANCELLED, Outcome.UNCERTAIN) and job.pages_out >= job.submission.pages:
            outcome = Outcome.PRINTED  # also when the cancel came too late: the paper is the truth
        return JobReport(job.pages_out, trouble, outcome)

    async def _hear_the_queue(self, job: _Job) -> None:
        """How the queue closed a job that it will not send any more, as `queue_is_done`; None while it may send it.

        It is asked when it has sent a notification, and once a heartbeat: CUPS does not tell everything it does
        (a job that is cancelled before it starts ends without an event: OpenPrinting/cups#1209).
        """
        now = asyncio.get_running_loop().time()
        news = await self._try(Spooler.news)
        if not news and not job.cancelling and now - job.queue_asked_at < HEARTBEAT_S:
            return
        state = await self._try(lambda spooler: spooler.state(job.submission.job))
        job.queue_is_reached = state is not None
        if state is None:
            return
        job.queue_asked_at = now
        job_state, queue_state = state
        job.queue_has_stopped = queue_state is IppPrinterState.STOPPED
        if queue_state is IppPrinterState.PROCESSING:  # its backend is still at work, whatever it calls the job
            job.queue_is_done = None
        elif job_state is None:  # purged: by us, or with the whole spool when the server was started again
            job.queue_is_done = Outcome.CANCELLED if job.cancelling else Outcome.UNCERTAIN
        else:
            job.queue_is_done = _ENDED_IN_QUEUE.get(job_state)

    async def _withdraw(self, job: _Job) -> bool:
        """Whether the queue has heard it."""
        return bool(await self._try(lambda spooler: spooler.withdraw(job.submission.job)))

    async def _try(self, task: Callable[[Spooler], _T]) -> _T | None:
        """A dead queue server must not keep us from hearing what the printer says."""
        with contextlib.suppress(PrinterError):
            return await self._spooler.run(task)
        return None


def _is_over(job: _Job) -> bool:
    return job.last is not None and job.last.outcome is not None
