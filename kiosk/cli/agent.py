"""`kiosk agent`: the process that a fleet sees."""

import argparse
from pathlib import Path

HELP = "the fleet's agent: this terminal's figures for Prometheus, its updates, commands and profiles"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="what this terminal is made of (TOML)")


def run(args: argparse.Namespace) -> int:
    """0: it was told to end; 2: the profile cannot be used, or its port is taken."""
    import asyncio
    import sys

    from kiosk import journal
    from kiosk.fleet.agent import give_back_profile, serve
    from kiosk.fleet.signed_profile import in_force
    from kiosk.profile import ProfileError

    journal.configure("agent")
    try:
        profile = in_force(args.profile)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(profile, args.profile))
    except OSError as error:
        print(f"kiosk agent: {error.strerror}; is fleet.metrics_port of the profile free?", file=sys.stderr)
        give_back_profile(profile)
        return 2
    return 0
