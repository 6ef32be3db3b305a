"""What a printer has left, from attributes as printers send them."""

from pathlib import Path
from typing import Any

import pytest

from hardware.printers.emulator import EmulatedPrinter
from hardware.printers.ipp_device import IppDevice
from hardware.printers.supplies import Supply, SupplyKind, Unit, supplies_in

TRAY = "type=sheetFeedAutoRemovableTray;mediafeed=29700;mediaxfeed=21000;maxcapacity={};level={};status=0;name={};"


def paper(attributes: dict[str, Any]) -> tuple[Supply, ...]:
    return supplies_in(attributes).of(SupplyKind.PAPER)


def test_trays_that_count_their_sheets() -> None:
    trays = [TRAY.format(-2, -2, "auto"), TRAY.format(250, 20, "main"), TRAY.format(500, 400, "tray-2")]
    trays.append(TRAY.format(1, -2, "manual"))
    found = supplies_in({"printer-input-tray": trays, "media-ready": "iso_a4_210x297mm"})
    assert found.of(SupplyKind.PAPER) == (
        Supply(SupplyKind.PAPER, "main", Unit.SHEETS, 20, 250, is_low=True),
        Supply(SupplyKind.PAPER, "tray-2", Unit.SHEETS, 400, 500, is_low=False),
    )
    assert found.sheets_left == 420
    assert found.media_ready == ("iso_a4_210x297mm",)


@pytest.mark.parametrize("level", [-1, -2, -3])
@pytest.mark.parametrize(("reason", "is_low"), [("none", False), ("media-low-warning", True)])
def test_a_tray_that_does_not_count_is_believed_when_it_warns(level: int, reason: str, is_low: bool) -> None:
    """The special numbers of the standard are no levels."""
    attributes = {"printer-input-tray": TRAY.format(250, level, "main").encode(), "printer-state-reasons": reason}
    assert paper(attributes) == (Supply(SupplyKind.PAPER, "main", Unit.SHEETS, None, 250, is_low),)
    assert supplies_in(attributes).sheets_left is None


def test_markers_with_their_own_idea_of_low() -> None:
    attributes = {
        "marker-names": ["Black", "Waste"],
        "marker-types": ["toner", "waste-toner"],
        "marker-levels": [18, 97],
        "marker-low-levels": [20, 5],
    }
    assert supplies_in(attributes).supplies == (
        Supply(SupplyKind.TONER, "Black", Unit.PERCENT, 18, 100, is_low=True),
        Supply(SupplyKind.WASTE, "Waste", Unit.PERCENT, 3, 100, is_low=True),
    )


@pytest.mark.parametrize("attributes", [{}, {"printer-input-tray": "nonsense", "marker-levels": ["x"]}])
def test_a_printer_that_says_nothing_has_nothing_known(attributes: dict[str, Any]) -> None:
    assert supplies_in(attributes).sheets_left is None
    assert not supplies_in(attributes).is_low(SupplyKind.TONER)


async def test_the_emulated_printer_tells_of_its_own(run_dir: Path) -> None:
    """F01: the levels are those of the device, read over IPP."""
    printer = EmulatedPrinter(run_dir / "printer-stock", run_dir / "printed-stock")
    await printer.start()
    device = IppDevice(printer.uri)
    full = await device.supplies()
    assert (full.sheets_left, full.is_low(SupplyKind.PAPER), full.is_low(SupplyKind.TONER)) == (250, False, False)
    await printer.fill_tray(12)
    await printer.set_toner(5)
    few = await device.supplies()
    assert (few.sheets_left, few.is_low(SupplyKind.PAPER), few.is_low(SupplyKind.TONER)) == (12, True, True)
    assert await device.condition() is None, "little is not nothing"
    await device.close()
    await printer.stop()
