"""`kiosk models list|verify|convert`: which models this terminal has, whether they are what the manifest says, and the
one that is made on the spot."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.cli.doctor import CACHE

HELP = "list, verify and convert the models"


def arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="what", required=True)
    for name, help_ in (
        ("list", "what each model is, and for whom its errors were measured"),
        ("verify", "read every file, load every network, hold both against the manifest"),
    ):
        command = commands.add_parser(name, help=help_)
        command.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models")
        command.add_argument("--json", action="store_true")
    convert = commands.add_parser("convert", help="make the ONNX file of dlib's face network")
    convert.add_argument(
        "source", type=Path, help="source distribution face_recognition_models 0.3.0, or its .dat file"
    )
    convert.add_argument("out", type=Path, help="the ONNX file")


def run(args: argparse.Namespace) -> int:
    """0: everything is as the manifest says; 1: something is not; 2: the manifest itself cannot be read."""
    from models.manifest import ModelRefused, models

    if args.what == "convert":
        return _convert(args.source, args.out)
    folder = args.assets / "models"
    try:
        entries = models(folder)
    except ModelRefused as refused:
        print(f"kiosk models: {refused}", file=sys.stderr)
        return 2
    rows = [
        _Row(name, entry, _trouble(name, folder) if args.what == "verify" else None) for name, entry in entries.items()
    ]
    if args.json:
        print(json.dumps([row.as_json(args.what) for row in rows], ensure_ascii=False, indent=1))
    else:
        print("\n".join(row.as_text(args.what) for row in rows))
    return int(any(row.trouble for row in rows))


def _convert(source: Path, out: Path) -> int:
    from models import convert
    from models.dlib_weights import NotDlibWeights

    try:
        convert.main(source, out)
    except (NotDlibWeights, OSError) as trouble:
        print(f"kiosk models convert: {trouble}", file=sys.stderr)
        return 1
    return 0


def _trouble(name: str, folder: Path) -> str | None:
    """Why the model is not what its entry says; None if it is. A network that we run is loaded and run once."""
    from models.embedding import Embedder
    from models.manifest import Embedding, ModelRefused, model

    try:
        entry = model(name, folder)
        if isinstance(entry, Embedding):
            Embedder(folder, name).warm_up()
        else:
            entry.read(folder)
    except ModelRefused as refused:
        return str(refused)
    return None


@dataclass(frozen=True)
class _Row:
    name: str
    entry: Any
    trouble: str | None

    def as_json(self, what: str) -> dict[str, Any]:
        import msgspec

        verified = {"as_in_manifest": self.trouble is None, "trouble": self.trouble} if what == "verify" else {}
        return {"model": self.name, **msgspec.to_builtins(self.entry), **verified}

    def as_text(self, what: str) -> str:
        from models.manifest import Embedding

        entry = self.entry
        if what == "verify":
            return f"{self.name}: {self.trouble or 'as in the manifest'}"
        lines = [f"{self.name}: {entry.task.value}, {entry.input_px} px, {entry.licence}; {entry.origin}"]
        if isinstance(entry, Embedding):
            for point in entry.operating_point:
                lines += [
                    f"  {point.population}: {'VALIDATED' if point.validated else 'not validated'}, same up to "
                    f"{point.same_at_most:g}, another person above {point.different_above:g}",
                    f"    FMR {point.fmr.rate:.2%} (95 %: up to {point.fmr.at_most:.2%}, {point.fmr.pairs} pairs), "
                    f"FNMR {point.fnmr.rate:.2%} (up to {point.fnmr.at_most:.2%}, {point.fnmr.pairs} pairs), "
                    f"{point.persons} persons",
                ]
        return "\n".join([*lines, *([f"  limits: {entry.limits}"] if entry.limits else [])])
