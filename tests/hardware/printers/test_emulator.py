"""The emulated printer beside other things on the machine."""

import socket
from pathlib import Path

import pytest

from hardware.printers.emulator import EmulatedPrinter
from hardware.printers.ipp_device import IppDevice
from hardware.printers.loopback_server import PortInUse
from hardware.printers.port import Trouble


async def test_a_port_in_use_is_named(run_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortInUse, match=f"^port {port} is in use$"):
            await EmulatedPrinter(run_dir / "printer-busy", run_dir / "printed-busy", port).start()


async def test_two_printers_have_each_their_own_tray(run_dir: Path) -> None:
    full = EmulatedPrinter(run_dir / "printer-full", run_dir / "printed-full")
    empty = EmulatedPrinter(run_dir / "printer-empty", run_dir / "printed-empty")
    devices = []
    for printer in (full, empty):
        await printer.start()
        devices.append(IppDevice(printer.uri))
    await empty.empty_tray()
    assert [await device.condition() for device in devices] == [None, Trouble.PAPER_EMPTY]
    for device in devices:
        await device.close()
    for printer in (full, empty):
        await printer.stop()


async def test_a_power_cut_heals_nothing(run_dir: Path) -> None:
    printer = EmulatedPrinter(run_dir / "printer-cut", run_dir / "printed-cut")
    await printer.start()
    await printer.jam()
    await printer.switch_off()
    await printer.switch_on()
    device = IppDevice(printer.uri)
    assert await device.condition() is Trouble.JAM
    await device.close()
    await printer.stop()
