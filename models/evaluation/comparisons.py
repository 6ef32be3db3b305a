"""Every picture of a set against every other: genuine comparisons within a person, impostor comparisons between two.

One picture against one picture, each the mean with its mirror image. At the terminal several pictures stand against the
portrait, which is steadier; what is measured here is therefore the harder case. With `chip_photos` one side of each
pair is degraded as a card's portrait is, and every pair counts twice, once with each side degraded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.embedding import Embedder, Embedding
from models.evaluation.chip_photo import as_on_the_chip
from models.evaluation.pictures import NoSet, Person, read
from models.landmarks import FaceMesh, Mesh, Picture
from models.manifest import Metric
from models.stills import NotOneFace, the_face_in

Distances = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True, repr=False)
class Comparisons:
    """Distances, and who was compared: `genuine_persons` one number each, `impostor_persons` two. `groups`: of each
    person. `failed`: pictures in which not exactly one face was found (they are compared with nothing)."""

    groups: tuple[str, ...]
    genuine: Distances
    genuine_persons: Numbers
    impostor: Distances
    impostor_persons: Numbers
    pictures: int
    failed: tuple[Path, ...]


def compare(
    persons: Sequence[Person],
    faces: FaceMesh,
    embedder: Embedder,
    *,
    chip_photos: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> Comparisons:
    """Embeds every picture, then compares. Raises NoSet if no pair of either kind is left."""
    owners: list[int] = []
    plain: list[Embedding] = []
    degraded: list[Embedding] = []
    failed: list[Path] = []
    for number, person in enumerate(persons):
        for path in person.files:
            progress(len(owners) + len(failed))
            try:
                picture, face = _face(read(path), faces)
                if chip_photos:
                    degraded.append(embedder.embed(embedder.chip(*_face(as_on_the_chip(picture, face), faces))))
            except NotOneFace:
                failed.append(path)
                continue
            owners.append(number)
            plain.append(embedder.embed(embedder.chip(picture, face)))
    who = np.array(owners, np.intp)
    one, two = np.triu_indices(len(who), 1)
    if chip_photos:
        one, two = np.concatenate([one, two]), np.concatenate([two, one])
    distances = _distances(degraded if chip_photos else plain, plain)[one, two]
    same = who[one] == who[two]
    if not same.any() or same.all():
        raise NoSet("no two usable pictures of one person" if not same.any() else "no usable pictures of two persons")
    return Comparisons(
        tuple(person.group for person in persons),
        distances[same],
        who[one][same],
        distances[~same],
        np.stack([who[one][~same], who[two][~same]], axis=1),
        len(who) + len(failed),
        tuple(failed),
    )


def _face(rgb: Picture | None, faces: FaceMesh) -> tuple[Picture, Mesh]:
    if rgb is None:
        raise NotOneFace("no picture")
    return the_face_in(rgb, faces)


def _distances(references: Sequence[Embedding], probes: Sequence[Embedding]) -> Distances:
    """All of them at once: the same numbers as `Embedding.distance` gives one by one."""
    one, two = (np.array([each.values for each in side], np.float64) for side in (references, probes))
    if not len(one):
        return np.zeros((0, 0))
    if references[0].compared_by is Metric.COSINE:
        one, two = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (one, two))
        return np.asarray(1.0 - one @ two.T)
    squares = np.square(one).sum(axis=1)[:, None] + np.square(two).sum(axis=1)[None] - 2 * one @ two.T
    return np.asarray(np.sqrt(squares.clip(0)))
