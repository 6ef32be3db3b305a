"""One real print path for all tests of this room: the emulated printer, our CUPS server and a queue between them."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from cups_bench import QUEUE, CupsBench

from hardware.printers.cups_server import CupsServer
from hardware.printers.emulator import EmulatedPrinter
from hardware.printers.loopback_server import claim_port


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """A directory on tmpfs that the server's unprivileged user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="onecard-print-", dir="/dev/shm") as path:
        Path(path).chmod(0o711)
        yield Path(path)


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    return claim_port(0)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def device(run_dir: Path) -> AsyncIterator[EmulatedPrinter]:
    printer = EmulatedPrinter(run_dir / "printer", run_dir / "printed", seconds_per_page=0.3)
    await printer.start()
    yield printer
    await printer.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(run_dir: Path, device: EmulatedPrinter) -> AsyncIterator[CupsServer]:
    server = CupsServer(run_dir / "cups")
    await server.start()
    await server.add_queue(QUEUE, device.uri)
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def bench(run_dir: Path, device: EmulatedPrinter, server: CupsServer) -> AsyncIterator[CupsBench]:
    bench = CupsBench(device, server, run_dir / "printed")
    yield bench
    await bench.tidy()
