"""Paper: what handing it over takes, beside bare pycups; and our printer port from submission until it knows that the
page is out, beside `lp` until the page lies there.

The same queue and the same emulated printer, which takes a second for a page. Between two jobs we wait until queue and
printer are at rest, or one would wait for the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Final

import cups
import msgspec

from hardware.printers.port import JobTicket
from kiosk.bench.timing import NotMeasured, Row, alternate
from kiosk.bootstrap import paper_queue
from kiosk.clock import SystemClock
from kiosk.demo.machine import Machine
from kiosk.desk import Desk
from kiosk.documents.gate import PrintableDocument
from kiosk.evidence import IssueRequest
from kiosk.paper.ledger import Ledger
from kiosk.profile import Profile

QUEUE: Final = "kiosk"
LANDS_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.005


async def certificates(desk: Desk, request: IssueRequest, number: int) -> list[PrintableDocument]:
    """So many certificates for the same person, each issued, verified and admitted by itself."""
    papers = []
    for _ in range(number):
        each = IssueRequest.new(request.offer, request.card, request.match, desk.clock)
        papers.append(desk.documents.admit(await desk.documents.verify(await desk.platform.issue(each), each), each))
    return papers


async def submit(profile: Profile, machine: Machine, pdf: bytes, rounds: int) -> Row:
    """Handing over, from the gate's word until the queue has all of it: with the line in the ledger and the question to
    the printer. The floor is the same bytes by four calls of pycups on an open connection, called as a program must
    that may not stand still meanwhile: on a thread of its own. The queue starts its filters with the last call, and for
    some milliseconds they want both processors: either side loses or wins that race, so it is run often.
    """
    # The emulated cable would be carried by the very loop that is measured.
    queue = paper_queue(msgspec.structs.replace(profile.printer, uri=machine.printer.device_uri))
    ledger = Ledger(profile.ledger, SystemClock())
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    names = count()

    async def ours() -> float:
        await _at_rest(machine)
        began = time.perf_counter()
        issue = ledger.issue("bench", f"bench-{next(names)}", 1)
        submission = await queue.submit(pdf, 1, issue.job, JobTicket())
        took = time.perf_counter() - began
        await queue.cancel(submission)
        ledger.uncertain(issue.token)
        return took

    def connect() -> cups.Connection:
        """pycups submits through the thread's own default connection."""
        cups.setServer("127.0.0.1")
        cups.setPort(machine.cups.port)
        return cups.Connection()

    def bare(connection: cups.Connection) -> int:
        number: int = connection.createJob(QUEUE, f"bench-{next(names)}", {"media": "iso_a4_210x297mm"})
        connection.startDocument(QUEUE, number, "bench", cups.CUPS_FORMAT_PDF, 1)
        connection.writeRequestData(pdf, len(pdf))
        connection.finishDocument(QUEUE)
        return number

    async def floor() -> float:
        await _at_rest(machine)
        connection = await loop.run_in_executor(thread, connect)
        began = time.perf_counter()
        number = await loop.run_in_executor(thread, bare, connection)
        took = time.perf_counter() - began
        await loop.run_in_executor(thread, lambda: connection.cancelJob(number, purge_job=True))
        return took

    try:
        return Row("hand over a certificate", *await alternate(rounds, ours, floor), "bare pycups, four calls")
    finally:
        thread.shutdown()
        await queue.close()


async def put_on_paper(desk: Desk, machine: Machine, papers: list[PrintableDocument]) -> Row:
    """What the paper takes; one round that does not count, then one for each further certificate."""
    left = iter(papers)

    async def ours() -> float:
        paper = next(left)
        await _at_rest(machine)
        began = time.perf_counter()
        async with desk.printer.job(paper) as reports:
            async for report in reports:
                if report.printed:
                    return time.perf_counter() - began
        raise NotMeasured("the reports ended before the page was out")

    async def floor() -> float:
        await _at_rest(machine)
        there = set(machine.printed.glob("*.pdf"))
        began = time.perf_counter()
        await _run(papers[0].pdf, "lp", "-h", _server(machine), "-d", QUEUE, "-")
        await _landed(machine.printed, there)
        return time.perf_counter() - began

    return Row(
        "put it on paper", *await alternate(len(papers) - 1, ours, floor), "bare lp until the page lies in the tray"
    )


async def _landed(tray: Path, there: set[Path]) -> None:
    await _until(lambda: _newer(tray, there))


async def _newer(tray: Path, there: set[Path]) -> bool:
    return not set(tray.glob("*.pdf")) <= there


async def _at_rest(machine: Machine) -> None:
    """No job is in the queue, and the queue is idle: the backend of the last job has let go of the printer."""

    async def idle() -> bool:
        return b"is idle" in await _run(b"", "lpstat", "-h", _server(machine), "-p", QUEUE)

    await _until(idle)


async def _until(it_is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LANDS_WITHIN_S):
        while True:
            if await it_is_so():
                return
            await asyncio.sleep(_LOOK_EVERY_S)


async def _run(given: bytes, *command: str) -> bytes:
    """What the command says, in English."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={"PATH": "/usr/bin", "LC_ALL": "C"}
    )
    said, _ = await process.communicate(given)
    if process.returncode:
        raise NotMeasured(f"{command[0]} ended with {process.returncode}")
    return said


def _server(machine: Machine) -> str:
    return f"127.0.0.1:{machine.cups.port}"
