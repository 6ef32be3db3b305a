"""The emulated printer, our CUPS server and the adapter under test, as one bench."""

from pathlib import Path

from hardware.printers.cups_queue import CupsQueue
from hardware.printers.cups_server import CupsServer
from hardware.printers.emulator import EmulatedPrinter

QUEUE = "kiosk"


class CupsBench:
    """A `PrinterBench`: a fresh adapter on the shared queue, and the hands of the emulated printer."""

    def __init__(self, device: EmulatedPrinter, server: CupsServer, printed: Path) -> None:
        self.device = device
        self.server = server
        self.printer = CupsQueue(server.port, QUEUE, device.uri)
        self.empty_tray = device.empty_tray
        self.fill_tray = device.fill_tray
        self.empty_tray_during_next_job = device.empty_tray_during_next_job
        self.refuse_next_job = device.refuse_next_job
        self.jam_during_next_job = device.jam_during_next_job
        self.jam = device.jam
        self.clear = device.clear
        self.open_door = device.open_door
        self.close_door = device.close_door
        self.switch_off = device.switch_off
        self.switch_on = device.switch_on
        self._printed = printed
        self._before = set(printed.iterdir())

    def papers(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self._printed.glob("*.pdf")) if path not in self._before]

    async def tidy(self) -> None:
        """As the next test expects it: on, filled, closed, without a job."""
        await self.device.switch_off()
        await self.device.switch_on()
        await self.device.clear()
        await self.device.close_door()
        await self.device.fill_tray()
        await self.printer.close()
