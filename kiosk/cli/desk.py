"""`kiosk desk`: the process with the journeys, the devices and the network."""

import argparse
from pathlib import Path

from kiosk.cli.doctor import CACHE

HELP = "the desk process: journeys, devices, platform"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models, for a self-test")


def run(args: argparse.Namespace) -> int:
    import asyncio
    import sys

    from kiosk import journal
    from kiosk.bootstrap import serve
    from kiosk.clock import SystemClock
    from kiosk.fleet.signed_profile import in_force
    from kiosk.maintenance.examiner import ExaminerProcess
    from kiosk.profile import ProfileError

    journal.configure("desk")
    try:
        return asyncio.run(serve(in_force(args.profile), SystemClock(), ExaminerProcess(args.profile, args.assets)))
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
