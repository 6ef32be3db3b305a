"""The switches in a file: turned from outside, in the middle of a job, and back."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from conformance.printer import document, ended, first, submitted, texts
from cups_bench import CupsBench

from hardware.printers.ipp_device import IppDevice
from hardware.printers.port import JobReport, Outcome, PrinterError, Trouble
from hardware.printers.switchboard import Switchboard, Switches

TURNED_WITHIN_S = 20


@pytest_asyncio.fixture(loop_scope="session")
async def board(bench: CupsBench, tmp_path: Path) -> AsyncIterator[Switchboard]:
    board = Switchboard(bench.device, tmp_path / "printer.json")
    usual_s = bench.device.seconds_per_page
    board.start()
    yield board
    await board.stop()
    bench.device.seconds_per_page = usual_s


async def turn(board: Switchboard, switches: Switches) -> None:
    board.write(switches)
    async with asyncio.timeout(TURNED_WITHIN_S):
        await board.turned(switches)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.timeout(60)
class TestSwitchboard:
    @pytest.mark.parametrize(
        ("switches", "trouble"),
        [
            (Switches(tray_sheets=0), Trouble.PAPER_EMPTY),
            (Switches(jam=True), Trouble.JAM),
            (Switches(door_open=True), Trouble.DOOR_OPEN),
            (Switches(network="pulled"), Trouble.OFFLINE),
        ],
        ids=lambda part: part.value if isinstance(part, Trouble) else None,
    )
    async def test_a_fault_while_a_page_moves_and_its_end(
        self, bench: CupsBench, board: Switchboard, switches: Switches, trouble: Trouble
    ) -> None:
        """Exactly one page comes out, after the fault is gone."""
        submission = await submitted(bench.printer, document("patient"), 1)
        await bench.device.page_on_its_way()
        await turn(board, switches)
        report = await first(bench.printer, submission, lambda report: report.trouble)
        assert report.trouble is trouble
        await turn(board, Switches(seconds_per_page=0.3))
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["patient"]]

    async def test_power_lost_in_a_page_is_uncertain(self, bench: CupsBench, board: Switchboard) -> None:
        submission = await submitted(bench.printer, document("lost"), 1)
        await bench.device.page_on_its_way()
        await turn(board, Switches(power=False))
        report = await first(bench.printer, submission, lambda report: report.trouble)
        assert report == JobReport(0, Trouble.OFFLINE, None)
        await turn(board, Switches())
        assert (await ended(bench.printer, submission)).outcome is Outcome.UNCERTAIN
        assert bench.papers() == []

    async def test_what_happened_to_the_next_job_is_mended_by_an_empty_object(
        self, bench: CupsBench, board: Switchboard
    ) -> None:
        await turn(board, Switches(next_job="runs-out", seconds_per_page=0.1))
        submission = await submitted(bench.printer, document("patient"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await turn(board, Switches(seconds_per_page=0.1))
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED

    async def test_a_file_that_is_none_turns_nothing(
        self, bench: CupsBench, board: Switchboard, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "printer.json").write_text('{"jamm": true}')
        await turn(board, Switches(toner_percent=7))
        device = IppDevice(bench.device.uri)
        assert await device.condition() is None
        await device.close()

    async def test_a_silent_printer_costs_a_time_out_and_no_page(self, bench: CupsBench, board: Switchboard) -> None:
        await turn(board, Switches(network="silent"))
        with pytest.raises(PrinterError, match="offline"):
            await submitted(bench.printer, document("never"), 1, secrets.token_hex(8))
        await turn(board, Switches())
        assert bench.papers() == []
