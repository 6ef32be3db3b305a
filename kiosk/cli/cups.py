"""`kiosk cups`: the terminal's own print server, in the foreground, for systemd.

The queue is made as soon as the printer answers; until then the server has none, and the terminal says so.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hardware.printers.cups_server import CupsServer
    from kiosk.profile import Printer

HELP = "the terminal's own print server"

ASKED_EVERY_S: Final = 5.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")
    parser.add_argument("--directory", type=Path, required=True, help="for configuration and spool, on tmpfs")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from kiosk import journal
    from kiosk.fleet.signed_profile import in_force
    from kiosk.profile import ProfileError

    journal.configure("cups")
    try:
        return asyncio.run(_serve(in_force(args.profile).printer, args.directory))
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2


async def _serve(printer: "Printer", directory: Path) -> int:
    """Until SIGTERM (0) or until cupsd ends (1)."""
    import asyncio
    import signal

    from systemd import daemon

    from hardware.printers.cups_server import CupsServer
    from hardware.printers.loopback_server import ServerError
    from kiosk.profile import loopback_port

    server = CupsServer(directory, loopback_port(printer.server))
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    try:
        await server.start()
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    queue = asyncio.create_task(_make_queue(server, printer))
    daemon.notify("READY=1")
    ended = asyncio.create_task(server.wait())
    stopping = asyncio.create_task(told.wait())
    try:
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return 0 if told.is_set() else 1
    finally:
        for task in (queue, ended, stopping):
            task.cancel()
        await asyncio.gather(queue, ended, stopping, return_exceptions=True)
        await server.stop()


async def _make_queue(server: "CupsServer", printer: "Printer") -> None:
    import asyncio
    import logging

    from hardware.printers.loopback_server import ServerError

    log = logging.getLogger(__name__)
    before = ""
    while True:
        try:
            await server.add_queue(printer.queue, printer.uri)
        except ServerError as error:
            if str(error) != before:
                log.warning("no queue yet: %s", error)
                before = str(error)
            await asyncio.sleep(ASKED_EVERY_S)
        else:
            log.info("queue %s is there", printer.queue)
            return
