"""`kiosk face liveness CLIP --challenge turn-left,open-mouth`: would this clip have passed, and why not?

Of a folder with a folder of clips per kind (`bona-fide` for people, any other name for an attack) it counts: BPCER and
APCER in the terms of ISO/IEC 30107-3. `--generated N` does the same with N simulated people and every simulated attack.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kiosk.cli.face_compare import which_model

if TYPE_CHECKING:
    from models.embedding import Embedder
    from models.evaluation.liveness import Judgement
    from models.landmarks import FaceMesh, Picture
    from models.liveness.gestures import Order

HELP = "is somebody there, in a clip or in a folder of clips"

BONA_FIDE: Final = "bona-fide"
CLIPS: Final = {".avi", ".mkv", ".mov", ".mp4", ".webm"}
WORDS: Final = {"turn-left": "left", "turn-right": "right", "look-up": "up", "open-mouth": "open"}
PLAINLY: Final = "Clips, not people and artefacts: this is no certification after ISO/IEC 30107-3."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clip", type=Path, nargs="?", help="a video, or a folder with a folder of videos per kind")
    parser.add_argument("--challenge", default="turn-left,turn-right", help=f"two of {', '.join(WORDS)}")
    parser.add_argument("--generated", type=int, metavar="N", help="N simulated people, and every simulated attack")
    parser.add_argument("--portrait", type=Path, help="of whom they are made (default: the demonstration's)")
    which_model(parser)
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """0: it passed, or in a set everybody did and no attack; 1: not; 2: cannot tell."""
    from hardware.cameras.head import NoFace
    from models.embedding import Embedder
    from models.landmarks import FaceMesh
    from models.manifest import ModelRefused

    try:
        order = _order(args.challenge)
        embedder = Embedder(args.assets / "models", args.model, args.population)
        stills = FaceMesh.for_stills()
        if args.generated is not None:
            portrait = args.portrait or args.assets / "portrait.png"
            return _counted(_generated(args.generated, portrait, order, embedder, stills), args.json)
        if args.clip is None or not args.clip.exists():
            raise ValueError("name a clip, a folder of clips, or --generated N")
        if args.clip.is_dir():
            return _counted(_in_folder(args.clip, order, embedder, stills), args.json)
        return _told(_judged(args.clip, order, embedder, stills), args.json)
    except (ModelRefused, NoFace, ValueError) as trouble:
        print(f"kiosk face liveness: {trouble}", file=sys.stderr)
        return 2


def _order(challenge: str) -> "Order":
    from models.liveness.gestures import Asked

    words = challenge.split(",")
    if not words or set(words) - set(WORDS):
        raise ValueError(f"a challenge is made of {', '.join(WORDS)}, with commas between")
    return tuple(Asked(WORDS[word]) for word in words)


def _judged(clip: Path, order: "Order", embedder: "Embedder", stills: "FaceMesh") -> "Judgement":
    from models.evaluation.liveness import judged

    return judged(_frames(clip), order, embedder, stills)


def _frames(clip: Path) -> "Iterator[tuple[Picture, float]]":
    """Raises ValueError for what is not a video."""
    import cv2
    import numpy as np

    from hardware.cameras.v4l2 import fitted

    video = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    per_s = video.get(cv2.CAP_PROP_FPS)
    if not video.isOpened() or not per_s > 0:
        raise ValueError(f"{clip} is not a video")
    number = 0
    while True:
        alive, bgr = video.read()
        if not alive:
            break
        yield fitted(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)), number / per_s
        number += 1
    video.release()


def _in_folder(
    folder: Path, order: "Order", embedder: "Embedder", stills: "FaceMesh"
) -> "Iterator[tuple[str, Judgement]]":
    for clip in sorted(folder.glob("*/*")):
        if clip.suffix.lower() in CLIPS:
            yield clip.parent.name, _judged(clip, order, embedder, stills)


def _generated(
    people: int, portrait: Path, order: "Order", embedder: "Embedder", stills: "FaceMesh"
) -> "Iterator[tuple[str, Judgement]]":
    from kiosk.vision.rehearsal import Cast
    from models.evaluation.liveness import judged
    from models.liveness.gestures import ORDERS

    cast = Cast(portrait, stills)
    for _, wanted, frames in cast.people(people):
        yield BONA_FIDE, judged(((each.rgb, each.time_s) for each in frames), wanted, embedder, stills)
    for wanted in ORDERS:
        for attack in cast.attacks(wanted):
            kind = attack.kind if attack.expected else f"{attack.kind} (known miss)"
            yield kind, judged(((each.rgb, each.time_s) for each in attack.frames), wanted, embedder, stills)


def _counted(found: "Iterator[tuple[str, Judgement]]", as_json: bool) -> int:
    from models.evaluation.liveness import Rate, reasons

    kinds: dict[str, list[Judgement]] = {}
    for kind, judgement in found:
        kinds.setdefault(kind, []).append(judgement)
    if not kinds:
        raise ValueError("no clip found: a folder per kind, one of them named bona-fide")
    rows: list[dict[str, Any]] = []
    for kind, judgements in kinds.items():
        passed = sum(each.passed for each in judgements)
        is_person = kind == BONA_FIDE
        rate = Rate(len(judgements) - passed if is_person else passed, len(judgements))
        rows.append(
            {
                "kind": kind,
                "rate": "BPCER" if is_person else "APCER",
                "errors": rate.errors,
                "tries": rate.tries,
                "value": rate.rate,
                "at_most": rate.at_most,
                "reasons": reasons(judgements),
            }
        )
    if as_json:
        print(json.dumps({"rates": rows, "confidence": 0.95, "note": PLAINLY}, ensure_ascii=False))
    else:
        for row in rows:
            why = ", ".join(f"{reason} {count}" for reason, count in row["reasons"].items())
            print(
                f"{row['rate']}  {row['value']:6.1%}  {row['errors']:3} of {row['tries']:3}, "
                f"at most {row['at_most']:6.2%} (95 %)  {row['kind']}: {why}"
            )
        print(PLAINLY)
    return 1 if any(row["errors"] for row in rows if "known miss" not in row["kind"]) else 0


def _told(judgement: "Judgement", as_json: bool) -> int:
    from dataclasses import asdict

    if as_json:
        print(json.dumps(asdict(judgement)))
    else:
        print("passed" if judgement.passed else f"not proven: {judgement.reason}", f"after {judgement.seconds:.1f} s")
        for each in judgement.signals:
            bounds = [f"at least {each.least:g}"] if each.least is not None else []
            bounds += [f"at most {each.most:g}"] if each.most is not None else []
            says = {True: "holds", False: "DOES NOT HOLD", None: "not judged"}[each.holds]
            print(f"  {each.name:<16} {each.value:8.3f}  {' and '.join(bounds):<18} {says}")
    return 0 if judgement.passed else 1
