"""`kiosk models list|verify`: which models this terminal has, and whether they are the ones it was tested with."""

import argparse
import json
from pathlib import Path

HELP = "list and verify the models"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["list", "verify"])
    parser.add_argument("--assets", type=Path, default=Path(".cache") / "assets", help="folder with the models")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    from models.manifest import ModelRefused, models

    rows: list[dict[str, object]] = []
    for name, model in models().items():
        row: dict[str, object] = {"model": name, "task": model.task.value, "validated": model.validated}
        if args.what == "verify":
            try:
                model.read(args.assets / "models")
                row["file"] = "as in the manifest"
            except ModelRefused as refused:
                row["refused"] = str(refused)
        else:
            row["population"] = model.population
        rows.append(row)
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            print("  ".join(f"{key}: {value}" for key, value in row.items()))
    return 1 if any("refused" in row for row in rows) else 0
