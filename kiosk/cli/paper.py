"""`kiosk paper`: what is out, what nobody can say of, what is left, and until when."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HELP = "what came out of the printer, what is left in it, and until when"
SHOWN = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--profile", type=Path, help="what this terminal is made of")
    what.add_argument("--test-page", type=Path, metavar="FILE", help="write a page of crosses to measure forms with")
    parser.add_argument("--shift-mm", type=float, nargs=2, default=(0.0, 0.0), metavar=("RIGHT", "DOWN"))
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """0: every page is accounted for and nothing runs low; 1: somebody should look; 2: it cannot be told."""
    if args.test_page is not None:
        from kiosk.documents.test_page import test_page

        args.test_page.write_bytes(test_page(tuple(args.shift_mm)))
        return 0

    import asyncio

    from hardware.printers.port import PrinterError
    from kiosk.fleet.signed_profile import in_force
    from kiosk.paper.account import account
    from kiosk.profile import ProfileError

    try:
        found = asyncio.run(account(in_force(args.profile)))
    except (ProfileError, PrinterError, OSError) as error:
        print(f"kiosk paper: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, ensure_ascii=False, indent=1) if args.json else _as_text(found))
    return 1 if found["look_at"] or found["damaged"] or any(each["is_low"] for each in found["supplies"]) else 0


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"pages out on {day}: {pages}" for day, pages in list(found["pages_out"].items())[-SHOWN:]]
    for issue in found["look_at"]:
        lines.append(f"{issue['state']}: {issue['kind']}, {issue['out']} of {issue['pages']} pages, {issue['at']}")
        lines.append(f"      -> look for document {issue['digest'][:16]}… in the tray; it is never printed again")
    lines += [
        f"set aside: {name}\n      -> the ledger was changed; keep the file and find out why"
        for name in found["damaged"]
    ]
    for supply in found["supplies"]:
        left = "not counted" if supply["left"] is None else f"{supply['left']} of {supply['capacity']} {supply['unit']}"
        lines.append(f"{supply['kind']} {supply['name']}: {left}{', low' if supply['is_low'] else ''}")
    if forecast := found["paper_runs_out"]:
        lines.append(
            "paper runs out {expected}; in four cases of five between {earliest} and {latest}".format(**forecast)
        )
    else:
        lines.append("paper: too few days were counted to say when it runs out")
    return "\n".join(lines)
