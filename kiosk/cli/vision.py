"""`kiosk vision`: the process with the camera and the models."""

import argparse
from pathlib import Path

HELP = "the vision process: camera, landmarks, face match"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--socket", type=Path, required=True, help="the desk's socket")
    parser.add_argument("--preview", type=Path, required=True, help="the ring of camera pictures")
    parser.add_argument("--camera", required=True, help="/dev/video0, or puppet:PICTURE for the simulated one")
    parser.add_argument("--assets", type=Path, required=True, help="folder with the models")
    parser.add_argument("--control", type=Path, help="socket on which the simulated camera takes commands")
    parser.add_argument("--wlt-library", type=Path, help="the reader maker's decoder for portraits of resident cards")
    parser.add_argument("--wlt-sha256", default="", help="its digest; another file is refused")


def run(args: argparse.Namespace) -> int:
    from hardware.cards.portrait.port import WltLibrary
    from kiosk.vision.worker import main

    wlt = None if args.wlt_library is None else WltLibrary(args.wlt_library, args.wlt_sha256)
    return int(main(args.socket, args.preview, args.camera, args.assets, args.control, wlt) or 0)
