"""What every ticket printer must do, on whatever line it is.

A driver's test subclasses the suite and gives it a bench: the printer, the hands around it, and the slips that
came out.
"""

from typing import Protocol

import pytest
from PIL import Image

from hardware.tickets.port import TicketCondition, TicketError, TicketPrinter, TicketTrouble
from hardware.tickets.slip import Fact, Heading, Note, Rule, Slip

SLIP = Slip((Heading("打印凭条"), Rule(), Fact("证明", "社会保险参保证明"), Note("Keep this slip with the paper.")))


class TicketBench(Protocol):
    """A printer that is ready and has a full roll."""

    printer: TicketPrinter

    async def take_roll_out(self) -> None: ...
    async def put_roll_in(self) -> None: ...
    async def leave_little(self, lines: int) -> None: ...
    async def open_cover(self) -> None: ...
    async def close_cover(self) -> None: ...
    async def unplug(self) -> None: ...
    async def plug(self) -> None: ...
    async def fall_silent(self) -> None: ...
    async def speak_again(self) -> None: ...
    def slips(self) -> list[Image.Image]: ...


@pytest.mark.timeout(60)
class TicketPrinterConformance:
    """Subclass with a fixture `bench` that gives a TicketBench."""

    async def test_a_slip_is_out_when_it_is_said_to_be(self, bench: TicketBench) -> None:
        await bench.printer.print(SLIP)
        (slip,) = bench.slips()
        dark = slip.convert("L").histogram()[0]
        assert 0.01 < dark / (slip.width * slip.height) < 0.5, "it is neither empty nor black"

    @pytest.mark.parametrize(
        ("fault", "remedy", "trouble"),
        [
            ("take_roll_out", "put_roll_in", TicketTrouble.PAPER_EMPTY),
            ("open_cover", "close_cover", TicketTrouble.COVER_OPEN),
            ("unplug", "plug", TicketTrouble.OFFLINE),
            ("fall_silent", "speak_again", TicketTrouble.OFFLINE),
        ],
    )
    async def test_it_tells_its_trouble_prints_nothing_in_it_and_works_after_it(
        self, bench: TicketBench, fault: str, remedy: str, trouble: TicketTrouble
    ) -> None:
        """A09: out of paper is known before anybody asks for a slip."""
        assert await bench.printer.condition() == TicketCondition(None)
        await getattr(bench, fault)()
        assert (await bench.printer.condition()).trouble is trouble
        with pytest.raises(TicketError) as refused:
            await bench.printer.print(SLIP)
        assert refused.value.trouble is trouble
        await getattr(bench, remedy)()
        assert (await bench.printer.condition()).trouble is None
        assert bench.slips() == []
        await bench.printer.print(SLIP)
        assert len(bench.slips()) == 1

    async def test_the_end_of_the_roll_is_announced(self, bench: TicketBench) -> None:
        await bench.leave_little(10_000)
        assert await bench.printer.condition() == TicketCondition(None, paper_is_low=True)

    async def test_half_a_slip_does_not_come_out_for_the_next_one(self, bench: TicketBench) -> None:
        """The roll ends within it: it is taken back, and after the refill only what is asked for then is printed."""
        await bench.leave_little(40)
        with pytest.raises(TicketError) as refused:
            await bench.printer.print(SLIP)
        assert refused.value.trouble is TicketTrouble.PAPER_EMPTY
        await bench.put_roll_in()
        assert bench.slips() == []
        await bench.printer.print(SLIP)
        assert len(bench.slips()) == 1
