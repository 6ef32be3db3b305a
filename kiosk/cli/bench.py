"""`kiosk bench`: the time of each step of the journey, as a ratio to its bare floor measured in the same run."""

import argparse
from pathlib import Path

HELP = "the time of each step of the journey, and what of it is ours"

CACHE = Path(__file__).parents[2] / ".cache"
# Of kiosk.bench.play.PARTS, which is too heavy to import for a list of words.
PARTS = ("card", "face", "platform", "documents", "paper", "journey")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "part", nargs="?", choices=("all", *PARTS), default="all", help="what to measure (default: all)"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="where logs, audit and paper are left")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help=argparse.SUPPRESS)
    parser.add_argument("--pki", type=Path, default=CACHE / "sandbox-pki", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    import asyncio
    import json
    import logging
    import sys

    from kiosk.bench.bench import Bench, Place
    from kiosk.bench.plan import FULL, QUICK
    from kiosk.bench.play import play
    from kiosk.bench.table import as_json, as_text

    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="bench: %(levelname)s %(message)s")
    bench = Bench(Place(args.assets, args.pki, args.out.resolve()), QUICK if args.quick else FULL)
    try:
        findings = asyncio.run(play(bench, PARTS if args.part == "all" else (args.part,)))
    except KeyboardInterrupt:
        return 130
    print(json.dumps(as_json(findings), ensure_ascii=False, indent=1) if args.json else as_text(findings))
    return findings.exit_code
