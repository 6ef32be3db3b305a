"""The models: are they the files they were tested as, and were they tested on the people they will see?"""

from pathlib import Path

from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.health.remedies import VALIDATE
from kiosk.profile import Face
from models.manifest import AntiSpoof, Embedding, Entry, ModelRefused, models
from models.placement import FAR_M, SHORTEST_M, TALLEST_M, Mount, heights_seen


def examine(folder: Path, face: Face) -> list[Finding]:
    """`folder`: where the models lie that no package brings. `face`: which of them compares, whom and how seriously."""
    try:
        entries = models(folder)
    except ModelRefused as refused:
        return [fail("model manifest", str(refused), "correct the manifest in the models folder")]
    found = [_file(name, entry, folder) for name, entry in entries.items()]
    if not any(isinstance(entry, AntiSpoof) for entry in entries.values()):
        says = "none is installed: a print or a recording is told by gestures, depth and stream alone"
        found.append(warn("anti-spoof", says, "bring a network that was measured, if the operator asks for one"))
    compares = entries.get(face.model)
    if not isinstance(compares, Embedding):
        says = f"the manifests list no model {face.model} that compares faces"
        return [*found, fail("face match", says, "correct model in [face] of the profile")]
    return [*found, _comparison(face, compares)]


def camera(mount: Mount) -> Finding:
    """Whose face it can see, by the geometry in the profile."""
    standing, seated = heights_seen(mount, FAR_M), heights_seen(mount, FAR_M, seated=True)
    says = f"at {FAR_M:g} m it sees faces of people {_span(standing)} tall who stand, {_span(seated)} who sit"
    if standing == seated == (SHORTEST_M, TALLEST_M):
        return ok("camera", says)
    remedy = "a wider view, another height or tilt: [camera] in the profile, geometry in models/placement.py"
    return warn("camera", f"{says}; wanted: {_span((SHORTEST_M, TALLEST_M))}", remedy)


def _span(heights: tuple[float, float] | None) -> str:
    return "of no height" if heights is None else f"{heights[0]:.2f} to {heights[1]:.2f} m"


def _file(name: str, entry: Entry, folder: Path) -> Finding:
    try:
        entry.read(folder)
    except ModelRefused as refused:
        return fail(f"model {name}", str(refused), "run script/setup")
    return ok(f"model {name}", "as in the manifest")


def _comparison(face: Face, model: Embedding) -> Finding:
    point = model.point_for(face.population)
    set_at = f"threshold {point.same_at_most:g} set at FMR {point.fmr.rate:.2%}, FNMR {point.fnmr.rate:.2%}"
    if point.validated:
        return ok("face match", f"{face.model}, validated for {face.population}: {set_at} on {point.persons} persons")
    says = f"{face.model} is not validated for {face.population}" + (f": {model.limits}" if model.limits else "")
    if face.mode == "production":
        return fail("face match", f"every citizen is sent to the counter, because {says}", VALIDATE)
    return warn("face match", f"for demonstration only: {says}", VALIDATE)
