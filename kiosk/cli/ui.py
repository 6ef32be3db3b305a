"""`kiosk ui`: the process that shows pages and returns actions."""

import argparse
from pathlib import Path

HELP = "the user interface process"


def size(text: str) -> tuple[int, int]:
    """'1080x1920' as (width, height)."""
    width, height = text.split("x")
    return int(width), int(height)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--socket", type=Path, required=True, help="the desk's socket")
    parser.add_argument("--preview", type=Path, required=True, help="the ring of camera pictures")
    parser.add_argument("--fonts", type=Path, required=True, help="folder with the fonts")
    parser.add_argument("--probe", type=Path, help="describe what is painted on this socket (tests and demo only)")
    parser.add_argument("--size", type=size, default=(1080, 1920), help="window in pixels, as 1080x1920")
    parser.add_argument("--windowed", action="store_true", help="a window with a frame and a pointer")
    parser.add_argument("--still", action="store_true", help="reduced motion: drawings rest")


def run(args: argparse.Namespace) -> int:
    from kiosk.ui.app import main

    where = (args.socket, args.preview, args.fonts, args.probe, args.size)
    return main(*where, windowed=args.windowed, still=args.still)
