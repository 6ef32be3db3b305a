"""`kiosk healthy`: is the terminal well after an update?"""

import argparse
from pathlib import Path

HELP = "waits until the terminal is seen to be well, or is not in time: the gate of a start on trial"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")


def run(args: argparse.Namespace) -> int:
    """0: it is well; 1: it is not; 2: the profile cannot be used."""
    import asyncio
    import logging
    import sys

    from kiosk import meeting
    from kiosk.clock import SystemClock
    from kiosk.fleet.signed_profile import in_force
    from kiosk.fleet.trial import is_well
    from kiosk.health.published import read
    from kiosk.profile import ProfileError

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="healthy: %(levelname)s %(message)s")
    try:
        profile = in_force(args.profile)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
    kept = None if profile.fleet.updates is None else profile.fleet.updates.kept
    folder = meeting.health_in(profile.run)
    return 0 if asyncio.run(is_well(lambda: read(folder), SystemClock(), kept)) else 1
