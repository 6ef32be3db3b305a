"""Dev images: the printer beside a terminal in a virtual machine, on the loopback."""

import asyncio
from pathlib import Path

from systemd import daemon

from hardware.printers.emulator import EmulatedPrinter

RUN = Path("/run/printer")
PORT = 8632


async def main() -> None:
    printer = EmulatedPrinter(RUN / "printer", RUN / "printed", PORT)
    await printer.start()
    daemon.notify("READY=1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
