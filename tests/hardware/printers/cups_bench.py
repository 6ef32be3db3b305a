"""The emulated printer, our CUPS server and the adapter under test, as one bench."""

import re
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
        self.jam_and_give_up_next_job = device.jam_and_give_up_next_job
        self.die_during_next_job = device.die_during_next_job
        self.pull_cable = device.pull_cable
        self.fall_silent = device.fall_silent
        self.plug_in_cable = device.plug_in_cable
        self.page_on_its_way = device.page_on_its_way
        self._printed = printed
        self._before = set(printed.iterdir())

    def papers(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self._printed.glob("*.pdf")) if path not in self._before]

    def successor(self) -> CupsQueue:
        return CupsQueue(self.server.port, QUEUE, self.device.uri)

    def asked_for(self) -> dict[str, str]:
        ticket = dict(self.device.tickets[-1])
        ticket.pop("copies")
        tray = re.search(r"media-source=([a-z0-9-]+)", ticket.pop("media-col"))
        return ticket | {"tray": tray[1] if tray else ""}

    async def tidy(self) -> None:
        """As the next test expects it: on, filled, closed, without a job."""
        await self.device.switch_off()
        await self.device.switch_on()
        await self.device.plug_in_cable()
        await self.device.clear()
        await self.device.close_door()
        await self.device.fill_tray()
        await self.printer.close()
