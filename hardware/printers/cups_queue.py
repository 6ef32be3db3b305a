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
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import cups
from pyipp.enums import IppJobState, IppPrinterState

from hardware.printers.ipp_device import DeviceJob, IppDevice
from hardware.printers.port import JobReport, JobTicket, Outcome, PrinterError, Submission, Trouble, Unconfirmed
from hardware.printers.supplies import Supplies

LOOK_AT_LEAST_EVERY_S: Final = 0.2
LOOK_AT_MOST_EVERY_S: Final = 0.02
LOOK_SHARE: Final = 0.04
"""The printer is asked again after this share of the time since its last news: whatever a page takes, we learn of it
within a twenty-fifth of that, and a printer that waits for paper is not asked fifty times a second."""
HEARTBEAT_S: Final = 1.0
SPOOLER_WITHIN_S: Final = 10.0
LET_GO_WITHIN_S: Final = 15.0
_CHUNK: Final = 65536
_OURS: Final = "certificate-"
_EVENTS: Final = ["job-state-changed", "job-completed", "job-stopped", "printer-state-changed"]
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


@dataclass(slots=True)
class _Way:
    """How far a document may go, and how far it got. `has_begun`: the thread is at it. `is_clear`: the printer says it
    can print."""

    has_begun: Future[None] = field(default_factory=Future)
    is_clear: Future[bool] = field(default_factory=Future)
    is_behind_us: bool = False


class CupsQueue:
    """The queue `queue` of the CUPS server on loopback port `server_port`, in front of the printer at `printer_uri`."""

    def __init__(self, server_port: int, queue: str, printer_uri: str) -> None:
        self._device = IppDevice(printer_uri)
        self._spooler = _Spooler(server_port, queue)
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
        way = _Way()
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
                    queue_is_busy = await self._spooler.run(_Spooler.busy)
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
            if at_printer is not None and at_printer.state in _ENDED_AT_PRINTER:
                trouble = trouble or await self._device.condition()  # what ended it may have come between two questions
        except PrinterError as error:
            job.printer_vanished = True
            await self._withdraw(job)
            return JobReport(job.pages_out, error.trouble, Outcome.UNCERTAIN if job.cancelling else None)
        if at_printer is not None:
            return self._as_the_printer_says(job, at_printer, trouble)
        if job.at_printer or job.printer_vanished:
            return JobReport(job.pages_out, trouble, Outcome.UNCERTAIN)
        if job.queue_is_done is not None:
            return JobReport(0, trouble, job.queue_is_done)
        if trouble is None and job.queue_has_stopped:
            await self._try(_Spooler.resume)  # only now: the printer itself says that what stopped it is gone
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
        news = await self._try(_Spooler.news)
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

    async def _try(self, task: "Callable[[_Spooler], _T]") -> _T | None:
        """A dead queue server must not keep us from hearing what the printer says."""
        with contextlib.suppress(PrinterError):
            return await self._spooler.run(task)
        return None


def _is_over(job: _Job) -> bool:
    return job.last is not None and job.last.outcome is not None


def _options(ticket: JobTicket) -> dict[str, str]:
    """The ticket in the words of CUPS, which takes a tray by the name that its driverless queue gave it ("Tray1")."""
    options = {
        "media": ticket.media.value,
        "sides": ticket.sides.value,
        "copies": str(ticket.copies),
    }
    if ticket.colour is not None:
        options["print-color-mode"] = ticket.colour.value
    if ticket.tray is not None:
        options["InputSlot"] = "".join(part.capitalize() for part in ticket.tray.split("-"))
    return options


class _Spooler:
    """pycups on a thread of its own: its calls block, and a libcups connection belongs to the thread that opened it."""

    def __init__(self, port: int, queue: str) -> None:
        self._port = port
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cups")
        self._open: Any = None
        self._subscription: int | None = None
        self._heard = 0

    async def run(self, task: "Callable[[_Spooler], _T]") -> _T:
        """Run one task on the thread. Raises PrinterError(REFUSING) for what the server refuses, else OFFLINE."""
        return await self.answer(self.begin(task))

    def begin(self, task: "Callable[[_Spooler], _T]") -> "asyncio.Future[_T]":
        """Let the thread begin with it now, whatever else is to be done before its answer is awaited."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, task)

    async def answer(self, begun: "asyncio.Future[_T]") -> _T:
        """What it came to. Raises as `run`."""
        try:
            async with asyncio.timeout(SPOOLER_WITHIN_S):
                return await begun
        except TimeoutError:
            raise PrinterError(Trouble.OFFLINE, "the print queue does not answer") from None

    def afterwards(self, task: "Callable[[_Spooler], None]") -> None:
        """Run one task once the thread is free, whoever waits for it or not."""
        self._thread.submit(self._guarded, task)

    def _guarded(self, task: "Callable[[_Spooler], _T]") -> _T:
        try:
            return task(self)
        except cups.IPPError as error:
            self._open = None
            raise PrinterError(Trouble.REFUSING, f"the print queue answers {error.args[0]:#06x}") from None
        except (cups.HTTPError, RuntimeError):
            self._open = None
            raise PrinterError(Trouble.OFFLINE, "the print queue cannot be reached") from None

    @property
    def _connection(self) -> Any:
        if self._open is None:
            # All three are settings of this thread in libcups; pycups prints through them, not through its connection.
            cups.setUser("kiosk")
            cups.setServer("127.0.0.1")
            cups.setPort(self._port)
            self._open = cups.Connection(host="127.0.0.1", port=self._port)
        return self._open

    def print(self, pdf: bytes, name: str, ticket: JobTicket, way: _Way) -> int:
        """Create-Job, and Send-Document from memory once that may be; the number of the job.

        The queue holds a job that has no document, so nothing is printed of one that may not be sent.
        """
        way.has_begun.set_result(None)
        number: int = self._connection.createJob(self._queue, name, _options(ticket))
        if not way.is_clear.result(SPOOLER_WITHIN_S):
            self.withdraw(number)
            return number
        self._connection.startDocument(self._queue, number, name, cups.CUPS_FORMAT_PDF, 1)
        for at in range(0, len(pdf), _CHUNK):
            chunk = pdf[at : at + _CHUNK]
            self._connection.writeRequestData(chunk, len(chunk))
        way.is_behind_us = True  # with the last byte the queue may print, whether we hear its answer or not
        self._connection.finishDocument(self._queue)
        return number

    def news(self) -> bool:
        """Whether the queue has notified us of anything since we last asked (RFC 3995, pulled as RFC 3996 says)."""
        if self._subscription is None:
            uri = f"ipp://127.0.0.1:{self._port}/printers/{self._queue}"
            self._subscription = int(self._connection.createSubscription(uri, events=_EVENTS, lease_duration=0))
            self._heard = 0
            return True
        try:
            told = self._connection.getNotifications([self._subscription], [self._heard + 1])["events"]
        except cups.IPPError:  # a queue server that was started again knows no subscription
            self._subscription = None
            return True
        self._heard = max([self._heard, *(event["notify-sequence-number"] for event in told)])
        return bool(told)

    def state(self, number: int) -> tuple[IppJobState | None, IppPrinterState]:
        """States of the job (None: the server does not know it any more) and of the queue."""
        try:
            job = IppJobState(self._connection.getJobAttributes(number, ["job-state"])["job-state"])
        except cups.IPPError:
            job = None
        queue = self._connection.getPrinterAttributes(self._queue, requested_attributes=["printer-state"])
        return job, IppPrinterState(queue["printer-state"])

    def found(self, name: str) -> tuple[int, IppJobState | None]:
        """Number and state of the job of this name; 0 and None when the server knows none. It is withdrawn."""
        jobs = self._connection.getJobs("all", requested_attributes=["job-id", "job-name", "job-state"])
        for number, job in jobs.items():
            if job.get("job-name") == name:
                self.withdraw(number)
                return number, IppJobState(job["job-state"])
        return 0, None

    def busy(self) -> bool:
        """Whether the queue's backend is at work."""
        attributes = self._connection.getPrinterAttributes(self._queue, requested_attributes=["printer-state"])
        return IppPrinterState(attributes["printer-state"]) is IppPrinterState.PROCESSING

    def withdraw(self, number: int) -> bool:
        """Take the job and its document out of the queue; one that is gone stays gone. True: the server was there."""
        with contextlib.suppress(cups.IPPError):
            self._connection.cancelJob(number, purge_job=True)
        return True

    def withdraw_named(self, prefix: str) -> None:
        """Withdraw the jobs whose names begin so."""
        waiting = self._connection.getJobs("not-completed", requested_attributes=["job-id", "job-name"])
        for number, job in waiting.items():
            if str(job.get("job-name", "")).startswith(prefix):
                self.withdraw(number)

    def resume(self) -> None:
        """Start a queue that CUPS has stopped."""
        attributes = self._connection.getPrinterAttributes(self._queue, requested_attributes=["printer-state"])
        if attributes["printer-state"] == IppPrinterState.STOPPED:
            self._connection.enablePrinter(self._queue)
            self._connection.acceptJobs(self._queue)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
