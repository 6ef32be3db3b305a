"""The switches of the emulated printer in a file: whoever writes it (a test, a person, the dev dock) turns them, also
in the middle of a job, and from another process.

The file is JSON and holds only what differs from a printer that is all right: `{"tray_sheets": 0}`, `{"network":
"silent"}`. An empty object, or no file, is the printer all right again.
"""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final, Literal

import msgspec

from hardware.printers.emulator import FULL_TRAY, EmulatedPrinter

LOOK_EVERY_S: Final = 0.05
log = logging.getLogger(__name__)


class Switches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a hand can do to it. `next_job`: what will happen to the last page of the job under way or the next one."""

    power: bool = True
    network: Literal["fine", "pulled", "silent"] = "fine"
    door_open: bool = False
    jam: bool = False
    tray_sheets: int = FULL_TRAY
    toner_percent: int = 100
    seconds_per_page: float = 1.0
    next_job: Literal["well", "runs-out", "jams", "jams-and-gives-up", "is-refused", "dies-half-way"] = "well"


ALL_RIGHT: Final = Switches()


class Switchboard:
    """Watches `path` and turns the switches of `printer`. `position`: as last turned."""

    def __init__(self, printer: EmulatedPrinter, path: Path) -> None:
        self._printer = printer
        self._path = path
        self._watch: asyncio.Task[None] | None = None
        self._turned = asyncio.Condition()
        self.position = msgspec.structs.replace(ALL_RIGHT, seconds_per_page=printer.seconds_per_page)

    def start(self) -> None:
        """Of a printer that is switched on and all right."""
        self._watch = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    def write(self, switches: Switches) -> None:
        """Into the file, whole or not at all."""
        coming = self._path.with_suffix(".part")
        coming.write_bytes(msgspec.json.encode(switches))
        coming.rename(self._path)

    async def turned(self, switches: Switches) -> None:
        """Return when the printer stands so."""
        async with self._turned:
            await self._turned.wait_for(lambda: self.position == switches)

    async def _follow(self) -> None:
        seen: bytes | None = None
        while True:
            with contextlib.suppress(FileNotFoundError):
                if (content := self._path.read_bytes()) != seen:
                    seen = content
                    try:
                        await self._turn(msgspec.json.decode(content, type=Switches))
                    except msgspec.DecodeError as error:
                        log.warning("%s: %s", self._path.name, error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _turn(self, to: Switches) -> None:
        """What differs, and what a mishap of `next_job` has left; the power first when it comes on and last when it
        goes."""
        printer, now = self._printer, self.position
        printer.seconds_per_page = to.seconds_per_page
        helped = to.next_job == "well" != now.next_job
        if to.power:
            await printer.switch_on()
        if to.network != now.network:
            match to.network:
                case "fine":
                    await printer.plug_in_cable()
                case "pulled":
                    await printer.pull_cable()
                case "silent":
                    printer.fall_silent()
        if helped or to.tray_sheets != now.tray_sheets:
            await printer.fill_tray(to.tray_sheets)
        if helped or to.jam != now.jam:
            await (printer.jam() if to.jam else printer.clear())
        if to.door_open != now.door_open:
            await (printer.open_door() if to.door_open else printer.close_door())
        if to.toner_percent != now.toner_percent:
            await printer.set_toner(to.toner_percent)
        if to.next_job != now.next_job:
            match to.next_job:
                case "runs-out":
                    printer.empty_tray_during_next_job()
                case "jams":
                    printer.jam_during_next_job()
                case "jams-and-gives-up":
                    printer.jam_and_give_up_next_job()
                case "is-refused":
                    printer.refuse_next_job()
                case "dies-half-way":
                    printer.die_during_next_job()
        if now.power and not to.power:
            await printer.switch_off()
        async with self._turned:
            self.position = to
            self._turned.notify_all()
