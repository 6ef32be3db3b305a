"""What an evaluation found, as a table, as JSON, and as an entry for the manifest. No name of a person is in any."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from models.embedding import Embedder
from models.evaluation.comparisons import Comparisons
from models.evaluation.rates import METHOD, Point, Share, det, point, spread, threshold_at_fmr, threshold_at_fnmr

FMR_POINTS: Final = (0.01, 0.001, 0.0001)
FNMR_POINTS: Final = (0.01, 0.02, 0.05, 0.10)
UNSURE_FNMR: Final = 0.01
"""Above the distance that all but so many genuine comparisons stay below, it is another person; below, unsure."""
CAVEAT: Final = (
    "Measured with the terms of ISO/IEC 19795-1 (FMR, FNMR) on these pictures alone. This is no certification, no test "
    "by an accredited laboratory, and says nothing about people who are not in the set."
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`points`: of everybody. `groups`: the same thresholds within each group."""

    model: str
    sha256: str
    chip_photos: bool
    persons: int
    pictures: int
    failed: int
    genuine: dict[str, float | int]
    impostor: dict[str, float | int]
    points: tuple[Point, ...]
    groups: dict[str, tuple[Point, ...]]
    not_shown: tuple[float, ...]
    det: tuple[tuple[float, float, float], ...]


def evaluate(found: Comparisons, embedder: Embedder, *, chip_photos: bool) -> Evaluation:
    """Rates at the manifest's threshold, at each FMR that so many comparisons can show, and at each FNMR."""
    now = embedder.point
    thresholds = [(f"now, {now.population}", now.same_at_most)]
    shown = [(most, threshold_at_fmr(most, found.impostor)) for most in FMR_POINTS]
    thresholds += [(f"FMR at most {_percent(most)}", at) for most, at in shown if at is not None]
    thresholds += [(f"FNMR at most {_percent(most)}", threshold_at_fnmr(most, found.genuine)) for most in FNMR_POINTS]
    groups = sorted(set(found.groups) - {""})
    return Evaluation(
        embedder.name,
        embedder.model.sha256,
        chip_photos,
        len(set(found.genuine_persons) | set(found.impostor_persons.ravel())),
        found.pictures,
        len(found.failed),
        spread(found.genuine),
        spread(found.impostor),
        tuple(point(chosen, at, found) for chosen, at in thresholds),
        {group: tuple(point(chosen, at, found, group=group) for chosen, at in thresholds) for group in groups},
        tuple(most for most, at in shown if at is None),
        tuple(det(found)),
    )


def as_json(seen: Evaluation) -> dict[str, Any]:
    """Everything, with the rate beside each count."""
    data = asdict(seen)
    data["points"] = [_point(each) for each in seen.points]
    data["groups"] = {group: [_point(each) for each in points] for group, points in seen.groups.items()}
    return {**data, "method": METHOD, "caveat": CAVEAT}


def as_text(seen: Evaluation) -> str:
    """The tables."""
    lines = [
        f"{seen.model}, {seen.persons} persons, {seen.pictures} pictures"
        + (", one of each pair as on a card's chip" if seen.chip_photos else ""),
        f"failure to acquire: {seen.failed} of {seen.pictures} pictures ({_percent(seen.failed / seen.pictures)})",
        "",
        f"{'distances':<12}{'pairs':>9}{'mean':>8}{'sd':>8}{'min':>8}{'max':>8}",
        _spread("genuine", seen.genuine),
        _spread("impostor", seen.impostor),
        "",
        *_table(seen.points),
    ]
    lines += [
        f"FMR {_percent(most)}: not shown, it needs {3 / most:.0f} impostor comparisons" for most in seen.not_shown
    ]
    for group, points in seen.groups.items():
        lines += ["", f"within group {group}", *_table(points)]
    return "\n".join([*lines, "", f"{METHOD}.", CAVEAT])


def as_operating_point(seen: Evaluation, population: str, fmr_most: float) -> str | None:
    """An entry for the manifest, set at this FMR; None if the set is too small to show it. A person decides whether it
    is validated."""
    chosen = f"FMR at most {_percent(fmr_most)}"
    at = next((each for each in seen.points if each.chosen == chosen), None)
    if at is None or at.fmr is None or at.fnmr is None:
        return None
    certain = next(each.threshold for each in seen.points if each.chosen == f"FNMR at most {_percent(UNSURE_FNMR)}")
    same = _floor(at.threshold)
    how = "one of each pair as on a card's chip" if seen.chip_photos else "pictures as they are"
    return "\n".join(
        [
            f"[[model.{seen.model}.operating_point]]",
            f'population = "{population}"',
            "validated = false",
            f"same_at_most = {same}",
            f"different_above = {max(same, _floor(certain) + 0.0001):.4f}",
            f"fmr = {_rate(at.fmr)}",
            f"fnmr = {_rate(at.fnmr)}",
            f"persons = {seen.persons}",
            f'evidence = "kiosk face evaluate, {how}; {METHOD}"',
        ]
    )


def _table(points: Iterable[Point]) -> list[str]:
    head = f"{'threshold':<24}{'distance':>9}{'FMR':>10}{'95 %':>22}{'FNMR':>10}{'95 %':>22}"
    return [head, *(f"{each.chosen:<24}{each.threshold:>9.4f}{_cells(each.fmr)}{_cells(each.fnmr)}" for each in points)]


def _cells(share: Share | None) -> str:
    if share is None:
        return f"{'no pairs':>10}{'':>22}"
    interval = f"{_percent(share.low)} to {_percent(share.high)}"
    return f"{_percent(share.rate):>10}{interval:>22}"


def _spread(name: str, found: dict[str, float | int]) -> str:
    return f"{name:<12}{found['pairs']:>9}" + "".join(f"{found[key]:>8.3f}" for key in ("mean", "sd", "min", "max"))


def _point(at: Point) -> dict[str, Any]:
    return {
        "chosen": at.chosen,
        "threshold": at.threshold,
        "fmr": None if at.fmr is None else {**asdict(at.fmr), "rate": at.fmr.rate},
        "fnmr": None if at.fnmr is None else {**asdict(at.fnmr), "rate": at.fnmr.rate},
    }


def _rate(share: Share) -> str:
    # Rounded up: a manifest must not promise more than was measured.
    high = min(1.0, int(share.high * 1e6 + 1) / 1e6)
    return f"{{ rate = {share.rate:.6f}, at_most = {max(high, round(share.rate, 6)):.6f}, pairs = {share.pairs} }}"


def _floor(threshold: float) -> float:
    """Four decimals, never above: a rounded threshold must not accept what the exact one did not."""
    return int(threshold * 1e4) / 1e4


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
