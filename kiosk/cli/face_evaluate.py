"""`kiosk face evaluate DIR`: how often a model is wrong, on a folder of people."""

import argparse
import json
import sys
from pathlib import Path

from kiosk.cli.face_compare import which_model

HELP = "false match and false non-match rates on a folder PERSON/picture.jpg or GROUP/PERSON/picture.jpg"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="PERSON/picture.jpg, or GROUP/PERSON/picture.jpg for rates by group")
    which_model(parser)
    parser.add_argument(
        "--chip-photo", action="store_true", help="degrade one picture of each pair as identity cards do"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the DET curve (.png, .svg or .pdf)")
    parser.add_argument(
        "--operating-point",
        metavar="POPULATION",
        help="also print an entry for the manifest, set for these people at --fmr",
    )
    parser.add_argument("--fmr", type=float, choices=(0.01, 0.001, 0.0001), default=0.001, help="default: 0.001")


def run(args: argparse.Namespace) -> int:
    """0: measured; 2: the folder, the model or the number of pictures do not allow it."""
    from models.embedding import Embedder
    from models.evaluation.comparisons import compare
    from models.evaluation.pictures import NoSet, people
    from models.evaluation.plot import draw
    from models.evaluation.report import as_json, as_operating_point, as_text, evaluate
    from models.landmarks import FaceMesh
    from models.manifest import ModelRefused

    try:
        persons = people(args.folder)
        embedder = Embedder(args.assets / "models", args.model, args.population)
        found = compare(persons, FaceMesh.for_stills(), embedder, chip_photos=args.chip_photo, progress=_say)
        seen = evaluate(found, embedder, chip_photos=args.chip_photo)
        if args.plot:
            draw(seen, args.plot)
    except (NoSet, ModelRefused, OSError, ValueError) as trouble:
        print(f"kiosk face evaluate: {trouble}", file=sys.stderr)
        return 2
    for path in found.failed:
        # To whoever holds the set, never into the report: a folder may bear a person's name.
        print(f"kiosk face evaluate: not one face: {path.relative_to(args.folder)}", file=sys.stderr)
    entry = None
    if args.operating_point:
        entry = as_operating_point(seen, args.operating_point, args.fmr)
        if entry is None:
            print(f"kiosk face evaluate: too few comparisons to show an FMR of {args.fmr:g}", file=sys.stderr)
    if args.json:
        print(json.dumps({**as_json(seen), "operating_point": entry}, ensure_ascii=False, indent=1))
    else:
        print(as_text(seen))
        if entry is not None:
            print(f"\n{entry}")
    return 2 if args.operating_point and entry is None else 0


def _say(done: int) -> None:
    if done and done % 100 == 0:
        print(f"{done} pictures", file=sys.stderr)
