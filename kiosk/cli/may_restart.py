"""`kiosk may-restart`: is the fleet's agent granted the restart of the machine that it asks for?"""

import argparse
from pathlib import Path

HELP = "says whether the machine restarts for the fleet's agent (systemd/kiosk-restart.service)"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", type=Path, required=True, help="the installed one (TOML)")
    parser.add_argument("--asked", type=Path, required=True, help="the agent's file")


def run(args: argparse.Namespace) -> int:
    """0: it restarts; 1: it does not; 2: the profile cannot be used."""
    import sys

    from kiosk.clock import SystemClock
    from kiosk.fleet.authority import Authority
    from kiosk.fleet.machine import this_boot
    from kiosk.fleet.operator import OrderRefused
    from kiosk.profile import ProfileError, load

    try:
        profile = load(args.profile)
        authority = Authority(profile.fleet, profile.terminal.id, this_boot(), SystemClock(), profile.ledger)
        print(f"the machine restarts for the fleet: {authority.judge(args.asked)}", file=sys.stderr)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return 2
    except (OrderRefused, OSError) as error:
        print(f"the machine does not restart for the fleet: {error}", file=sys.stderr)
        return 1
    return 0
