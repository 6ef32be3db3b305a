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
    parser.add_argument("--profile", type=Path, help="for what it says about portraits and the face model")


def run(args: argparse.Namespace) -> int:
    import sys

    from hardware.cards.portrait.port import WltLibrary
    from kiosk.fleet.signed_profile import in_force
    from kiosk.profile import Camera, Face, Portrait, ProfileError
    from kiosk.vision.worker import main
    from models.placement import Mount

    portrait, face, camera = Portrait(), Face(), Camera()
    if args.profile is not None:
        try:
            profile = in_force(args.profile)
        except ProfileError as error:
            print(error, file=sys.stderr)
            return 2
        portrait, face, camera = profile.portrait, profile.face, profile.camera
    wlt = WltLibrary(portrait.wlt_library, portrait.wlt_sha256) if portrait.wlt_library is not None else None
    words = (args.socket, args.preview, args.camera, args.assets, args.control, wlt, face.model, face.population)
    mount = Mount(camera.height_m, camera.tilt_deg, camera.view_deg)
    return int(main(*words, mount, screen_colours=camera.screen_colours) or 0)
