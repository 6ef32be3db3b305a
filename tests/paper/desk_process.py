"""The printing half of a desk in a process of its own, which stops at a named point of a print until it may go on, or
is killed there.

Queue, ledger and port are the product's. The points are put between their steps from here, so that no line of the
product knows of them. What the gate admits is stood in for by a document with the four facts the port asks for.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from hardware.printers import cups_queue
from hardware.printers.cups_queue import CupsQueue
from hardware.printers.port import JobReport
from hardware.printers.spooler import Spooler
from kiosk.clock import SystemClock
from kiosk.desk import PrintReport
from kiosk.documents.gate import PrintableDocument
from kiosk.paper.ledger import Issue, Ledger
from kiosk.paper.stock import StockHistory
from kiosk.ports.printer import PaperPort
from kiosk.reasons import Refused

LET_GO_WITHIN_S: Final = 3.0
PATIENCE_S: Final = 1.5
"""So long this desk's citizen waits for a printer in trouble, and then stops."""

POINTS: Final = (
    "before issued",
    "issued is written",
    "the job is made",
    "the document begins",
    "half of the document",
    "the whole document",
    "handed over",
    "spooled is written",
    "the printer has it",
    "page 1 is out",
    "printing is written",
    "all is out",
    "out is written",
)


@dataclass(frozen=True)
class Paper:
    """What the port asks of a PrintableDocument."""

    pdf: bytes
    pages: int
    kind: str = "household"

    @property
    def to_print(self) -> bytes:
        return self.pdf

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


@dataclass(frozen=True)
class Place:
    """Where queue, printer and ledger are."""

    server_port: int
    queue: str
    printer_uri: str
    ledger: Path


def desk(line: Connection, place: Place, paper: Paper, stop_at: str) -> None:
    """The process: reconciles, prints `paper`, and sends (what it came to, pages)."""

    still_ahead = {stop_at}

    def reached(point: str) -> None:
        if point in still_ahead:
            still_ahead.clear()
            line.send(point)
            line.recv()

    cups_queue.LET_GO_WITHIN_S = LET_GO_WITHIN_S  # type: ignore[misc]
    _probe_ledger(reached)
    _probe_queue(reached)
    line.send(asyncio.run(_serve(place, paper)))


async def _serve(place: Place, paper: Any) -> tuple[str, int]:
    queue = CupsQueue(place.server_port, place.queue, place.printer_uri)
    clock = SystemClock()
    stock = StockHistory(place.ledger / "stock.jsonl", clock)
    port = PaperPort(queue, Ledger(place.ledger, clock), stock, {}, clock)
    try:
        async with asyncio.timeout(60):
            while await port.trouble() is not None:  # noqa: ASYNC110  (a desk asks again and again, too)
                await asyncio.sleep(0.05)
        return await _print(port, paper)
    except Refused as refused:
        return refused.reason.name, 0
    finally:
        await queue.close()


async def _print(port: PaperPort, paper: PrintableDocument) -> tuple[str, int]:
    loop = asyncio.get_running_loop()
    since = loop.time()
    before: PrintReport | None = None
    async with port.job(paper) as reports:
        async for report in reports:
            if report.printed:
                return "done", report.pages_out
            if report != before:
                since, before = loop.time(), report
            if loop.time() - since > PATIENCE_S:
                return "stopped", report.pages_out
    raise AssertionError("the reports ended before the pages were out")


def _probe_ledger(reached: Callable[[str], None]) -> None:
    write = Ledger._write

    def probed(self: Ledger, issue: Issue) -> Issue:
        state = issue.state.value
        if state == "issued":
            reached("before issued")
        written = write(self, issue)
        reached(f"{state} is written")
        return written

    Ledger._write = probed  # type: ignore[method-assign]


def _probe_queue(reached: Callable[[str], None]) -> None:
    connect = Spooler._connection.fget
    says = CupsQueue._as_the_printer_says
    assert connect is not None

    class Probed:
        """A pycups connection that says how far a submission is."""

        def __init__(self, bare: Any) -> None:
            self._bare = bare
            self._chunks = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._bare, name)

        def createJob(self, *words: Any) -> int:
            number: int = self._bare.createJob(*words)
            reached("the job is made")
            return number

        def startDocument(self, *words: Any) -> None:
            self._bare.startDocument(*words)
            reached("the document begins")

        def writeRequestData(self, *words: Any) -> None:
            self._bare.writeRequestData(*words)
            self._chunks += 1
            reached("half of the document" if self._chunks == 1 else "the whole document")

        def finishDocument(self, *words: Any) -> None:
            self._bare.finishDocument(*words)
            reached("handed over")

    probed: dict[int, Probed] = {}

    def connection(self: Spooler) -> Any:
        bare = connect(self)
        return probed.setdefault(id(bare), Probed(bare))

    def printer_says(self: CupsQueue, *words: Any) -> JobReport:
        report = says(self, *words)
        reached("the printer has it")
        if report.outcome is not None:
            reached("all is out")
        elif report.pages_out:
            reached("page 1 is out")
        return report

    Spooler._connection = property(connection)  # type: ignore[assignment]
    CupsQueue._as_the_printer_says = printer_says  # type: ignore[method-assign]
