"""`kiosk healthy`: is the terminal well after an update?"""

import argparse
from pathlib import Path

from kiosk.cli.enrol import OF_THE_IMAGE

HELP = "waits until the terminal is seen to be well, or is not in time: the gate of a start on trial"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")
    parser.add_argument("--settings", type=Path, default=OF_THE_IMAGE, help="what the image says of enrolment (TOML)")


def run(args: argparse.Namespace) -> int:
    """0: it is well; 1: it is not; 2: the profile cannot be used. A machine that is no terminal yet is well when it
    shows so, and may become one while it is looked at."""
    import asyncio
    import logging
    import sys

    from kiosk import meeting
    from kiosk.clock import SystemClock
    from kiosk.enrolment import settings
    from kiosk.fleet.signed_profile import in_force
    from kiosk.fleet.trial import is_well
    from kiosk.health.published import Report, read
    from kiosk.profile import ProfileError

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="healthy: %(levelname)s %(message)s")
    kept = None
    try:
        if args.profile.exists():
            profile = in_force(args.profile)
            terminals_run = profile.run
            kept = None if profile.fleet.updates is None else profile.fleet.updates.kept
        else:
            terminals_run = settings.load(args.settings).run
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
    desks, enrolments = meeting.health_in(terminals_run), meeting.enrolment_health_in(terminals_run)

    def health() -> Report | None:
        return read(desks if args.profile.exists() else enrolments)

    return 0 if asyncio.run(is_well(health, SystemClock(), kept)) else 1
