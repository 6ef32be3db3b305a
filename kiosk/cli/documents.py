"""`kiosk documents`: the process that parses, verifies and draws hostile PDF bytes."""

import argparse
from pathlib import Path

HELP = "the document process: inspect, verify, draw"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--socket", type=Path, required=True, help="the desk's socket")


def run(args: argparse.Namespace) -> int:
    from kiosk.documents.worker import main

    return main(args.socket)
