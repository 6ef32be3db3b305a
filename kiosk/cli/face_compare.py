"""`kiosk face compare A B`: one face or two?"""

import argparse
import json
import sys
from pathlib import Path

from kiosk.cli.doctor import CACHE

HELP = "one face or two, in two pictures"

MODEL = "dlib-face-resnet-v1"
POPULATION = "demonstration"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", type=Path, help="a picture")
    parser.add_argument("b", type=Path, help="another picture")
    which_model(parser)
    parser.add_argument("--json", action="store_true")


def which_model(parser: argparse.ArgumentParser) -> None:
    """The words by which every command on faces says what compares."""
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models")
    parser.add_argument("--model", default=MODEL, help=f"its name in the manifest (default: {MODEL})")
    parser.add_argument("--population", default=POPULATION, help="whose thresholds count (default: demonstration)")


def run(args: argparse.Namespace) -> int:
    """0: the same person; 1: another one; 2: between the thresholds, or not one face in each picture."""
    from models.embedding import Embedder
    from models.evaluation.pictures import read
    from models.landmarks import FaceMesh
    from models.manifest import ModelRefused
    from models.matching import Verdict, judge
    from models.stills import NotOneFace, the_face_in

    try:
        embedder = Embedder(args.assets / "models", args.model, args.population)
    except ModelRefused as refused:
        print(f"kiosk face compare: {refused}", file=sys.stderr)
        return 2
    faces = FaceMesh.for_stills()
    embeddings = []
    for path in (args.a, args.b):
        try:
            if (picture := read(path)) is None:
                raise NotOneFace("no picture (JPEG, PNG, WebP)")
            embeddings.append(embedder.embed(embedder.chip(*the_face_in(picture, faces))))
        except NotOneFace as trouble:
            print(f"kiosk face compare: {path}: {trouble}", file=sys.stderr)
            return 2
    distance, point = embeddings[0].distance(embeddings[1]), embedder.point
    verdict = judge(distance, point)
    if args.json:
        found = {
            "verdict": verdict.value,
            "distance": distance,
            "same_at_most": point.same_at_most,
            "different_above": point.different_above,
            "model": embedder.name,
            "sha256": embedder.model.sha256,
            "population": args.population,
            "validated": point.validated,
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(f"{verdict.value}: distance {distance:.4f}; same up to {point.same_at_most:g}, ", end="")
        print(f"another person above {point.different_above:g}")
        print(f"{embedder.name}, {'validated' if point.validated else 'NOT validated'} for {args.population}")
    return {Verdict.SAME: 0, Verdict.DIFFERENT: 1, Verdict.UNSURE: 2}[verdict]
