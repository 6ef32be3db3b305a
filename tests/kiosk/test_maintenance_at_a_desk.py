"""`kiosk maintenance` at a desk that runs: real print queue, real reader driver, real platform, the home page."""

import asyncio
import json
import sys
from asyncio import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from pypdfium2 import PdfDocument

from kiosk.bootstrap import opened
from kiosk.clock import SystemClock
from kiosk.demo.machine import TERMINAL, Machine, Settings, equipped
from kiosk.desk import Desk
from kiosk.journeys.attract import attract
from kiosk.maintenance.examiner import ExaminerProcess
from kiosk.profile import load
from platform_client.sandbox.pki import make

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]
PATIENCE_S = 120.0


@dataclass
class House:
    machine: Machine
    desk: Desk

    async def does(self, *words: str) -> tuple[int, list[dict[str, object]]]:
        """Exit code, and what was said; `--yes` is said, too."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kiosk", "maintenance", *words),
            *("--profile", str(self.machine.profile), "--yes", "--json"),
            stdout=subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(child.communicate(), PATIENCE_S)
        assert child.returncode is not None
        return child.returncode, [json.loads(line) for line in said.splitlines()]

    def papers(self) -> list[Path]:
        return sorted(self.machine.printed.glob("*.pdf"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("maintained")
    make(folder / "pki", terminals=(TERMINAL,), now=datetime.now(UTC))
    async with equipped(Settings(assets, folder / "pki", folder / "out", display="")) as machine:
        machine.printer.seconds_per_page = 0.2
        examiner = ExaminerProcess(machine.profile, assets)
        async with opened(load(machine.profile), SystemClock(), examiner) as desk:
            serving = asyncio.create_task(attract(desk))
            yield House(machine, desk)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def test_a_test_page_comes_out_of_the_real_queue(house: House) -> None:
    """F03: what staff hold in their hands says that it is no certificate."""
    code, said = await house.does("printer-page")
    assert code == 0, said
    (paper,) = house.papers()
    page = PdfDocument(paper.read_bytes())[0]
    assert (round(page.get_width()), round(page.get_height())) == (595, 842)
    text = page.get_textpage().get_text_range()
    assert "打印机测试页" in text and "不是证明" in text and TERMINAL in text


async def test_a_tray_that_is_empty_is_named(house: House) -> None:
    before = house.papers()
    await house.machine.printer.empty_tray()
    code, said = await house.does("printer-page")
    assert code == 1
    assert any(line["level"] == "FAIL" and line["remedy"] for line in said if line["type"] == "Line")
    code, said = await house.does("supplies")
    assert any(line["level"] == "WARN" for line in said)
    await house.machine.printer.fill_tray()
    assert house.papers() == before
    assert (await house.does("printer-page"))[0] == 0


async def test_slip_reader_and_network(house: House) -> None:
    assert (await house.does("ticket"))[0] == 0
    assert len(house.machine.tickets.slips()) == 1
    testing = asyncio.ensure_future(house.does("card-reader"))
    await house.desk.floor.wanted()
    house.machine.lay_card()
    code, said = await testing
    house.machine.take_card()
    assert code == 0, said
    assert not any(house.machine.citizens[0].name in json.dumps(line, ensure_ascii=False) for line in said)
    assert (await house.does("network"))[0] == 0


async def test_the_readiness_report_of_a_whole_terminal(house: House) -> None:
    """F03: from the doctor, the desk, the printer and this machine, onto paper."""
    before = len(house.papers())
    code, _ = await house.does("readiness", "paper")
    paper = PdfDocument(house.papers()[before].read_bytes())
    text = "".join(page.get_textpage().get_text_range() for page in paper)
    for words in ("终端就绪报告", "card reader", "dlib-face-resnet-v1", "Secure Boot", "签名", "device certificate"):
        assert words in text
    assert len(paper) <= 2
    assert code == int(any(line["level"] == "FAIL" for line in (await house.does("self-test"))[1]))
