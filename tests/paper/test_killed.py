"""kill -9 at every point of a print: of the desk, of cupsd, of the printer, of all three at once.

Whatever is killed wherever: no page comes out twice, "done" is only said over pages that lie in the tray, whoever comes
next can be served, and no file but the paper itself holds anything of the document.
"""

import asyncio
import io
import multiprocessing
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from desk_process import POINTS, Paper, Place, desk
from fpdf import FPDF
from pypdf import PdfReader

from hardware.printers.cups_server import CupsServer
from hardware.printers.emulator import EmulatedPrinter
from hardware.printers.loopback_server import claim_port
from kiosk.clock import SystemClock
from kiosk.paper.ledger import UNSETTLED, Ledger, State

QUEUE = "kiosk"
WITHIN_S = 60
TWO_CHUNKS = 100_000

WHO_AND_WHEN = {
    ("desk",): POINTS,
    ("cupsd",): (
        "the job is made",
        "half of the document",
        "the whole document",
        "handed over",
        "the printer has it",
        "page 1 is out",
        "out is written",
    ),
    ("printer",): (
        "issued is written",
        "the job is made",
        "handed over",
        "the printer has it",
        "page 1 is out",
        "out is written",
    ),
    ("desk", "cupsd", "printer"): ("issued is written", "handed over", "page 1 is out", "all is out"),
}
KILLED = [(point, victims) for victims, points in WHO_AND_WHEN.items() for point in points]


@dataclass
class Hall:
    """One printer, one print server, and who is killed."""

    printer: EmulatedPrinter
    server: CupsServer
    run: Path
    printed: Path

    async def kill(self, victims: tuple[str, ...], process: BaseProcess) -> None:
        if "desk" in victims:
            process.kill()
            await asyncio.to_thread(process.join)
        if "cupsd" in victims:
            await self.server.kill()
        if "printer" in victims:
            await self.printer.switch_off()

    async def bring_back(self, victims: tuple[str, ...]) -> None:
        await self.printer.switch_on()
        if "cupsd" in victims:
            await self.server.start()
            await self.server.add_queue(QUEUE, self.printer.uri)

    def pages(self) -> list[str]:
        """What can be read on everything that ever came out of the slot."""
        papers = sorted(self.printed.glob("*.pdf"))
        return [page.extract_text() for paper in papers for page in PdfReader(io.BytesIO(paper.read_bytes())).pages]

    def traces(self, marker: str) -> list[Path]:
        """Files other than the paper that hold something of the document."""
        files = [path for path in self.run.rglob("*") if path.is_file() and not path.is_relative_to(self.printed)]
        return [path for path in files if marker.encode() in path.read_bytes()]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall() -> AsyncIterator[Hall]:
    with tempfile.TemporaryDirectory(prefix="onecard-killed-", dir="/dev/shm") as folder:
        run = Path(folder)
        run.chmod(0o711)
        printer = EmulatedPrinter(run / "printer", run / "printed", seconds_per_page=0.15)
        server = CupsServer(run / "cups", claim_port(0))
        await printer.start()
        await server.start()
        await server.add_queue(QUEUE, printer.uri)
        yield Hall(printer, server, run, run / "printed")
        await server.stop()
        await printer.stop()


@pytest.fixture(scope="module")
def processes() -> Any:
    """Desks are forked off a process that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["desk_process"])
    return context


@contextmanager
def running(context: Any, place: Place, paper: Paper, stop_at: str) -> Iterator[tuple[BaseProcess, Connection]]:
    ours, theirs = context.Pipe()
    process = context.Process(target=desk, args=(theirs, place, paper, stop_at), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()


async def heard(line: Connection) -> Any:
    assert await asyncio.to_thread(line.poll, WITHIN_S), "the desk says nothing"
    return line.recv()


def document(marker: str) -> Paper:
    pdf = FPDF(format="A4")
    pdf.set_compression(False)
    pdf.set_font("Helvetica")
    for page in ("one", "two"):
        pdf.add_page()
        pdf.cell(text=f"{marker} {page}")
    pdf.set_keywords("x" * TWO_CHUNKS)
    return Paper(bytes(pdf.output()), 2)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("point", "victims"), KILLED, ids=lambda part: "+".join(part) if type(part) is tuple else part)
async def test_killed_at_any_point_of_a_print(
    hall: Hall, processes: Any, tmp_path: Path, point: str, victims: tuple[str, ...]
) -> None:
    """C20, and the printing truth."""
    marker = f"marker-{secrets.token_hex(6)}"
    paper = document(marker)
    place = Place(hall.server.port, QUEUE, hall.printer.uri, tmp_path / "ledger")
    said: list[tuple[str, int]] = []

    with running(processes, place, paper, point) as (process, line):
        assert await heard(line) == point
        await hall.kill(victims, process)
        if "desk" not in victims:
            line.send("go on")
            said.append(await heard(line))
    await hall.bring_back(victims)

    # The next desk settles what was left, and is asked for the very same document once more.
    with running(processes, place, paper, "") as (_, line):
        said.append(await heard(line))

    came_out = [page.removeprefix(f"{marker} ").strip() for page in hall.pages() if page.startswith(marker)]
    assert len(came_out) == len(set(came_out)), "a page came out twice"
    for what, pages in said:
        if what == "done":
            assert came_out == ["one", "two"]
            assert pages == 2
    ledger = Ledger(place.ledger, SystemClock())
    assert not any(issue.state in UNSETTLED for issue in ledger.issues())
    outs = [issue for issue in ledger.issues() if issue.state is State.OUT]
    assert len(outs) <= 1
    if outs:
        assert came_out == ["one", "two"]
    if came_out:
        assert any(issue.state in (State.OUT, State.UNCERTAIN) for issue in ledger.issues())
    if said[-1][0] != "done":
        assert said[-1][0] == "PRINT_UNCERTAIN", "only what may be out is refused"
    assert hall.traces(marker) == []
    assert marker not in "".join(path.read_text() for path in place.ledger.iterdir())


@pytest.mark.asyncio(loop_scope="module")
async def test_the_search_for_traces_finds_one(hall: Hall) -> None:
    """The scan above can fail."""
    (hall.run / "leak").write_text("... marker-of-a-leak ...")
    assert hall.traces("marker-of-a-leak") == [hall.run / "leak"]
    (hall.run / "leak").unlink()
