"""`kiosk desk`: the process with the journeys, the devices and the network."""

import argparse
from pathlib import Path

from kiosk.cli.doctor import CACHE

HELP = "the desk process: journeys, devices, platform"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models, for a self-test")
    parser.add_argument(
        "--doctor",
        choices=("child", "unit"),
        default="child",
        help="what a self-test is: kiosk-doctor.service, or our child",
    )


def run(args: argparse.Namespace) -> int:
    import asyncio
    import sys

    from kiosk import journal
    from kiosk.bootstrap import serve
    from kiosk.clock import SystemClock
    from kiosk.fleet.signed_profile import in_force
    from kiosk.maintenance.examiner import Examiner, ExaminerProcess, ExaminerUnit
    from kiosk.profile import ProfileError

    journal.configure("desk")
    try:
        profile = in_force(args.profile)
        asked: Examiner = ExaminerProcess(args.profile, args.assets)
        if args.doctor == "unit":
            asked = ExaminerUnit(args.profile, args.assets, profile.run)
        return asyncio.run(serve(profile, SystemClock(), asked))
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
