"""`kiosk face compare|evaluate|liveness`: the face models, tried on files. One module per word under kiosk/cli."""

import argparse
import importlib
from typing import Final

HELP = "compare two pictures, measure a model's errors, judge liveness"

WORDS: Final = {"compare": "face_compare", "evaluate": "face_evaluate", "liveness": "face_liveness"}


def arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="what", required=True)
    for word, file in WORDS.items():
        module = importlib.import_module(f"kiosk.cli.{file}")
        module.arguments(commands.add_parser(word, help=module.HELP, description=module.HELP))


def run(args: argparse.Namespace) -> int:
    return int(importlib.import_module(f"kiosk.cli.{WORDS[args.what]}").run(args))
