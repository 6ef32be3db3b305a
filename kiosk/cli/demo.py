"""`kiosk demo`: everything on one machine, with emulated devices, a real window and a real printer queue."""

import argparse
from pathlib import Path

HELP = "everything on one machine: emulated devices, real window, real print queue"

CACHE = Path(__file__).parents[2] / ".cache"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--autoplay", action="store_true", help="play the whole journey without anybody, under Xvfb")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where pages, paper, audit and logs are left")
    parser.add_argument("--camera", help="a real camera, as /dev/video0, instead of the simulated one")
    parser.add_argument("--portrait", type=Path, help="the face of citizen and camera, instead of the built-in one")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help=argparse.SUPPRESS)
    parser.add_argument("--pki", type=Path, default=CACHE / "sandbox-pki", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    import asyncio
    import logging
    import signal
    import sys

    from hardware.printers.loopback_server import ServerError
    from kiosk.demo.display import NoDisplay
    from kiosk.demo.play import NotOurs, demo
    from kiosk.processes import StartFailed

    told: list[signal.Signals] = []

    async def until_told_to_end() -> bool:
        """Ctrl-C, SIGTERM and a closed terminal end it: everything is stopped, and nothing personal stays."""
        work = asyncio.ensure_future(demo(args))

        def end(number: signal.Signals) -> None:
            told.append(number)
            work.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        return await work

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="demo: %(levelname)s %(message)s")
    try:
        return 0 if asyncio.run(until_told_to_end()) else 1
    except (NoDisplay, NotOurs, ServerError, StartFailed) as error:
        print(f"kiosk demo: {error}", file=sys.stderr)
        return 2
    except asyncio.CancelledError:
        return 128 + told[0]
