"""The detection error trade-off as a picture: FMR against FNMR, both axes as normal deviates (Martin et al. 1997)."""

from pathlib import Path
from statistics import NormalDist
from typing import Final

from models.evaluation.report import Evaluation

_TICKS: Final = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.5)


def draw(seen: Evaluation, path: Path) -> None:
    """Writes the picture; the ending of `path` says in which format. Raises OSError, ValueError for other endings."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    deviate = NormalDist().inv_cdf
    figure = Figure(figsize=(6, 6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    within = [(fmr, fnmr) for _, fmr, fnmr in seen.det if 0 < fmr < 1 and 0 < fnmr < 1]
    axes.plot([deviate(fmr) for fmr, _ in within], [deviate(fnmr) for _, fnmr in within], marker=".", linewidth=1)
    ticks = [deviate(tick) for tick in _TICKS]
    labels = [f"{tick * 100:g} %" for tick in _TICKS]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_xlabel("false match rate (FMR)")
    axes.set_ylabel("false non-match rate (FNMR)")
    axes.set_title(f"{seen.model}: {seen.persons} persons, {seen.impostor['pairs']} impostor pairs", fontsize=10)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
