"""The ESC/POS driver on a serial and on a network line, in front of the emulated printer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conformance.ticket_printer import SLIP, TicketPrinterConformance
from PIL import Image

from hardware.printers.loopback_server import claim_port
from hardware.tickets import escpos_printer, ticket_uri
from hardware.tickets.emulator import EmulatedTicketPrinter, SerialTicketLine, TcpTicketLine
from hardware.tickets.escpos_printer import INITIALISE, EscposPrinter
from hardware.tickets.port import TicketCondition, TicketError, TicketTrouble
from hardware.tickets.slip import Code, Fact, Heading, Slip, raster

WIDTH_DOTS = 384


@pytest.fixture
def font(assets: Path) -> Path:
    return assets / "fonts" / "NotoSansSC-Regular.otf"


class EscposBench:
    """A `TicketBench`."""

    def __init__(self, device: EmulatedTicketPrinter, line: SerialTicketLine | TcpTicketLine, font: Path) -> None:
        self._device = device
        self._line = line
        self.printer = EscposPrinter(ticket_uri.line(line.uri), WIDTH_DOTS, font)

    async def take_roll_out(self) -> None:
        self._device.take_roll_out()

    async def put_roll_in(self) -> None:
        await _done(self._line.put_roll_in())

    async def leave_little(self, lines: int) -> None:
        self._device.roll_lines = lines

    async def open_cover(self) -> None:
        self._device.cover_is_open = True

    async def close_cover(self) -> None:
        self._device.cover_is_open = False

    async def unplug(self) -> None:
        await _done(self._line.unplug())

    async def plug(self) -> None:
        await _done(self._line.plug())

    async def fall_silent(self) -> None:
        self._device.is_silent = True

    async def speak_again(self) -> None:
        self._device.is_silent = False

    def slips(self) -> list[Image.Image]:
        return [Image.open(path) for path in self._device.slips()]


async def _done(waiting: object) -> None:
    if hasattr(waiting, "__await__"):
        await waiting


async def bench_on(
    line: SerialTicketLine | TcpTicketLine, device: EmulatedTicketPrinter, font: Path
) -> AsyncIterator[EscposBench]:
    bench = EscposBench(device, line, font)
    await bench.plug()
    yield bench
    await bench.printer.close()
    await bench.unplug()
    assert device.fault is None


class TestSerial(TicketPrinterConformance):
    @pytest.fixture
    async def bench(self, tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EscposBench]:
        monkeypatch.setattr(escpos_printer, "SLIP_WITHIN_S", 1.0)
        device = EmulatedTicketPrinter(tmp_path / "slips")
        async for bench in bench_on(SerialTicketLine(device, tmp_path / "ticket"), device, font):
            yield bench


class TestNetwork(TicketPrinterConformance):
    @pytest.fixture
    async def bench(self, tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EscposBench]:
        monkeypatch.setattr(escpos_printer, "SLIP_WITHIN_S", 1.0)
        device = EmulatedTicketPrinter(tmp_path / "slips")
        async for bench in bench_on(TcpTicketLine(device, claim_port(0)), device, font):
            yield bench


@pytest.mark.parametrize("fault", ["fall_silent", "unplug"])
async def test_half_a_slip_is_taken_back_as_soon_as_the_printer_hears_again(
    tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """It could not be told when the roll ended: it is told before the next roll, and not after the next citizen."""
    monkeypatch.setattr(escpos_printer, "SLIP_WITHIN_S", 3.0)
    device = EmulatedTicketPrinter(tmp_path / "slips", roll_lines=40)
    async for bench in bench_on(SerialTicketLine(device, tmp_path / "ticket"), device, font):
        printing = asyncio.create_task(bench.printer.print(SLIP))
        async with asyncio.timeout(20):
            while device.roll_lines:  # noqa: ASYNC110  (a roll tells nobody that it ends)
                await asyncio.sleep(0.01)
        await getattr(bench, fault)()
        with pytest.raises(TicketError):
            await printing
        await bench.speak_again()
        if fault == "unplug":
            await bench.plug()
        assert (await bench.printer.condition()).trouble is TicketTrouble.PAPER_EMPTY
        await bench.put_roll_in()
        assert bench.slips() == []
        await bench.printer.print(SLIP)
        assert len(bench.slips()) == 1


async def test_half_a_slip_that_hangs_from_the_roll_is_cut_off_before_the_next_citizens(
    tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E01: the cover was opened within it, and closed again: nobody gets the beginning of somebody else's."""
    monkeypatch.setattr(escpos_printer, "SLIP_WITHIN_S", 1.0)
    device = EmulatedTicketPrinter(tmp_path / "slips")
    async for bench in bench_on(SerialTicketLine(device, tmp_path / "ticket"), device, font):
        await bench.printer.print(SLIP)
        device.cover_opens_within_next_slip = True
        with pytest.raises(TicketError) as refused:
            await bench.printer.print(SLIP)
        assert refused.value.trouble is TicketTrouble.COVER_OPEN
        device.cover_is_open = False
        await bench.printer.print(SLIP)
        whole, half, next_one = bench.slips()
        assert half.height < whole.height
        assert next_one.size == whole.size


async def test_a_printer_that_takes_no_more_is_not_waited_for_for_ever(
    tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers, and then hears nothing of a slip that is longer than what the line holds."""
    monkeypatch.setattr(escpos_printer, "WRITTEN_WITHIN_S", 0.5)
    device = EmulatedTicketPrinter(tmp_path / "slips")
    line = SerialTicketLine(device, tmp_path / "ticket")
    hear = device.hear

    def last_words(said: bytes) -> bytes:
        if INITIALISE in said and line._ends is not None:
            asyncio.get_running_loop().remove_reader(line._ends[0])
        return hear(said)

    monkeypatch.setattr(device, "hear", last_words)
    async for bench in bench_on(line, device, font):
        assert await bench.printer.condition() == TicketCondition(None)
        async with asyncio.timeout(20):
            with pytest.raises(TicketError, match="offline"):
                await bench.printer.print(Slip(SLIP.parts * 8))


def test_a_code_is_drawn_in_whole_dots(font: Path) -> None:
    modules = tuple(tuple((row + column) % 2 == 0 for column in range(29)) for row in range(29))
    picture = raster(Slip((Code(modules),)), WIDTH_DOTS, font)
    dots = WIDTH_DOTS // 29
    left, top = (WIDTH_DOTS - 29 * dots) // 2, 12
    for row in range(29):
        for column in range(29):
            box = (left + column * dots, top + row * dots, left + (column + 1) * dots, top + (row + 1) * dots)
            assert picture.crop(box).getextrema() == ((0, 0) if modules[row][column] else (255, 255))


def test_long_texts_stay_on_the_paper(font: Path) -> None:
    """Nothing is cut off at the edge, in Chinese or in one long word."""
    slip = Slip((Heading("示例省人力资源和社会保障厅关于参保缴费情况的证明"), Fact("摘要", "0123456789abcdef" * 4)))
    picture = raster(slip, WIDTH_DOTS, font).convert("L")
    assert picture.height > 250
    assert picture.crop((WIDTH_DOTS - 1, 0, WIDTH_DOTS, picture.height)).getextrema() == (255, 255)


@pytest.mark.parametrize("uri", ["escpos+usb://printer", "lp0", "escpos://", "escpos+tcp://"])
def test_a_uri_that_names_no_line_says_what_to_write(uri: str) -> None:
    with pytest.raises(ValueError, match="escpos"):
        ticket_uri.line(uri)
