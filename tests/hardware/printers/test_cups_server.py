"""Our own CUPS server: how it starts, what it says when it cannot, and what it leaves."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.printers.cups_server import CupsServer
from hardware.printers.loopback_server import PortInUse, ServerError


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_port_in_use_is_named(run_dir: Path, taken_port: int) -> None:
    with pytest.raises(PortInUse, match=f"^port {taken_port} is in use$"):
        await CupsServer(run_dir / "cups-busy", taken_port).start()


async def test_its_death_is_noticed_and_a_new_one_takes_the_port(run_dir: Path) -> None:
    server = CupsServer(run_dir / "cups-mortal")
    await server.start()
    waiting = asyncio.create_task(server.wait())
    await server.stop()
    async with asyncio.timeout(10):
        assert await waiting == 0
    heir = CupsServer(run_dir / "cups-heir", server.port)
    await heir.start()
    await heir.stop()
    assert not (run_dir / "cups-heir").exists()


async def test_it_starts_with_an_empty_spool(run_dir: Path) -> None:
    """C20: what an earlier one had to leave behind is neither kept nor printed."""
    server = CupsServer(run_dir / "cups-empty")
    left = server.spool / "d00001-001"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"somebody's certificate")
    await server.start()
    assert not left.exists()
    await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give its rights away")
async def test_root_does_not_run_it(run_dir: Path) -> None:
    server = CupsServer(run_dir / "cups-humble")
    await server.start()
    assert server.spool.owner() == "nobody"
    await server.stop()


async def test_a_queue_needs_a_printer_that_answers(run_dir: Path, unused_port: int) -> None:
    server = CupsServer(run_dir / "cups-alone")
    await server.start()
    with pytest.raises(ServerError, match="does not answer"):
        await server.add_queue("kiosk", f"ipp://127.0.0.1:{unused_port}/ipp/print")
    await server.stop()
