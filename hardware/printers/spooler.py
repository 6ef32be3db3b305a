"""The CUPS server of our own, asked on a thread: what of it is needed to hand a document over and to take it back.

Its answers are its own: what became of the paper, the printer is asked (hardware.printers.cups_queue).
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import cups
from pyipp.enums import IppJobState, IppPrinterState

from hardware.printers.port import JobTicket, PrinterError, Trouble

SPOOLER_WITHIN_S: Final = 10.0
_CHUNK: Final = 65536
_EVENTS: Final = ["job-state-changed", "job-completed", "job-stopped", "printer-state-changed"]

_T = TypeVar("_T")


@dataclass(slots=True)
class Way:
    """How far a document may go, and how far it got. `has_begun`: the thread is at it. `is_clear`: the printer says it
    can print."""

    has_begun: Future[None] = field(default_factory=Future)
    is_clear: Future[bool] = field(default_factory=Future)
    is_behind_us: bool = False


class Spooler:
    """pycups on a thread of its own: its calls block, and a libcups connection belongs to the thread that opened it."""

    def __init__(self, port: int, queue: str) -> None:
        self._port = port
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cups")
        self._open: Any = None
        self._subscription: int | None = None
        self._heard = 0

    async def run(self, task: "Callable[[Spooler], _T]") -> _T:
        """Run one task on the thread. Raises PrinterError(REFUSING) for what the server refuses, else OFFLINE."""
        return await self.answer(self.begin(task))

    def begin(self, task: "Callable[[Spooler], _T]") -> "asyncio.Future[_T]":
        """Let the thread begin with it now, whatever else is to be done before its answer is awaited."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, task)

    async def answer(self, begun: "asyncio.Future[_T]") -> _T:
        """What it came to. Raises as `run`."""
        try:
            async with asyncio.timeout(SPOOLER_WITHIN_S):
                return await begun
        except TimeoutError:
            raise PrinterError(Trouble.OFFLINE, "the print queue does not answer") from None

    def afterwards(self, task: "Callable[[Spooler], None]") -> None:
        """Run one task once the thread is free, whoever waits for it or not."""
        self._thread.submit(self._guarded, task)

    def _guarded(self, task: "Callable[[Spooler], _T]") -> _T:
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

    def print(self, pdf: bytes, name: str, ticket: JobTicket, way: Way) -> int:
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
