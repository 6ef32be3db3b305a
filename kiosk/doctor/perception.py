"""The models: are they the files they were tested as, and were they tested on the people they will see?"""

from pathlib import Path

from kiosk.doctor.findings import Finding, fail, ok, warn
from models.manifest import ModelRefused, models


def examine(folder: Path) -> list[Finding]:
    """`folder`: where the models lie that no package brings."""
    found = []
    for name, model in models().items():
        part = f"model {name}"
        try:
            model.read(folder)
        except ModelRefused as refused:
            found.append(fail(part, str(refused), "run script/setup"))
            continue
        if model.validated:
            found.append(ok(part, "as in the manifest, validated"))
        else:
            says = f"as in the manifest, but not validated for the people here ({model.population})"
            remedy = "have its errors measured on the people here, and the operator decide, before the doors open"
            found.append(warn(part, says, remedy))
    return found
