"""Any network of the two families fits into the slot by its manifest entry alone. A02.

Untrained networks made here stand for the operator's: what is tested is alignment, preprocessing, comparison and the
refusal of what does not fit, not recognition.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image
from small_networks import install, network

from models import alignment
from models.embedding import Embedder, Embedding
from models.landmarks import POINTS, FaceMesh, Mesh, Picture
from models.manifest import Alignment, Metric, ModelRefused

ARCFACE: dict[str, Any] = {
    "side_px": 112,
    "values": 512,
    "alignment": "arcface-5",
    "preprocessing": '{ colour = "bgr", mean = 127.5, divisor = 127.5 }',
    "metric": "cosine",
    "thresholds": (0.5, 0.6),
}
DLIB: dict[str, Any] = {
    "side_px": 150,
    "values": 128,
    "alignment": "dlib-5",
    "preprocessing": '{ colour = "rgb", mean = 0.0, divisor = 1.0 }',
    "metric": "euclidean",
    "thresholds": (0.5, 0.6),
}


@pytest.fixture(scope="module")
def faces() -> Iterator[FaceMesh]:
    found = FaceMesh.for_stills()
    yield found
    found.close()


@pytest.fixture(scope="module")
def portrait(assets: Path, faces: FaceMesh) -> tuple[Picture, Mesh]:
    with Image.open(assets / "portrait.png") as picture:
        rgb = np.asarray(picture.convert("RGB"))
    return rgb, faces.find(rgb)[0]


def by_hand(data: bytes, tensor: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    (values,) = onnxruntime.InferenceSession(data).run(None, {"pixels": tensor[np.newaxis].astype(np.float32)})
    return np.asarray(values[0])


def test_an_arcface_network_sees_bgr_around_zero_and_is_compared_by_cosine(tmp_path: Path) -> None:
    data = network(112, 512)
    install(tmp_path, "arc", data, **ARCFACE)
    embedder = Embedder(tmp_path, "arc", "adults-here")
    chip = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)
    found = embedder.embed(chip.copy())
    both = []
    for look in (chip, chip[:, ::-1]):
        values = by_hand(data, (look[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5)
        both.append(values / np.linalg.norm(values))
    assert np.allclose(found.values, np.mean(both, axis=0), atol=1e-5)
    other = Embedding(-3 * found.values, Metric.COSINE)
    assert found.distance(found) == pytest.approx(0, abs=1e-6)
    assert found.distance(other) == pytest.approx(2, abs=1e-6)
    assert np.isnan(found.distance(Embedding(np.zeros(512, np.float32), Metric.COSINE)))


def test_a_dlib_network_sees_rgb_as_it_is_and_is_compared_by_euclid(tmp_path: Path) -> None:
    data = network(150, 128)
    install(tmp_path, "dlib", data, **DLIB)
    embedder = Embedder(tmp_path, "dlib", "adults-here")
    chip = np.random.default_rng(1).integers(0, 256, (150, 150, 3), np.uint8)
    both = [by_hand(data, look.transpose(2, 0, 1)) for look in (chip, chip[:, ::-1])]
    found = embedder.embed(chip.copy())
    assert np.allclose(found.values, np.mean(both, axis=0), rtol=1e-4, atol=1e-2)
    assert found.distance(Embedding(found.values + 1)) == pytest.approx(128**0.5, rel=1e-3)


def test_arcface_alignment_puts_eyes_nose_and_mouth_where_its_authors_do(
    portrait: tuple[Picture, Mesh], faces: FaceMesh
) -> None:
    """The chip is enlarged and its landmarks found anew: they lie on the template, within what faces differ by."""
    chip = alignment.chip(*portrait, Alignment.ARCFACE, 112)
    framed = cv2.copyMakeBorder(cv2.resize(chip, (448, 448)), 224, 224, 224, 224, cv2.BORDER_REPLICATE)
    found = faces.find(np.asarray(framed, np.uint8))[0].flat
    points = (np.array([found[[33, 133]].mean(axis=0), found[[263, 362]].mean(axis=0), *found[[4, 61, 291]]]) - 224) / 4
    template = [(38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2)]
    # The portrait smiles: corners of the mouth lie some 5 px higher and wider than a serious face's.
    assert np.abs(points - template).max() < 7.5
    assert np.abs(points - template).mean() < 4


@pytest.mark.parametrize("kind", list(Alignment))
def test_a_chip_does_not_depend_on_where_and_how_large_the_face_is(kind: Alignment) -> None:
    """A dot on each landmark of a made-up face lands on the same pixel, whatever similarity moved the face."""
    random = np.random.default_rng(2)
    points = random.uniform(80, 120, (POINTS, 3))
    for index, place in ((33, (80, 90)), (133, (92, 91)), (362, (108, 91)), (263, (120, 90))):
        points[index, :2] = place
    for index, place in ((4, (100, 108)), (2, (100, 112)), (61, (90, 122)), (291, (110, 122))):
        points[index, :2] = place
    picture = np.asarray(cv2.GaussianBlur(random.integers(0, 256, (200, 200, 3), np.uint8), (0, 0), 4), np.uint8)
    still = alignment.chip(picture, Mesh(points), kind, 112)
    turn = cv2.getRotationMatrix2D((100, 100), 20, 1.5)
    turn[:, 2] += 60
    moved = np.asarray(cv2.warpAffine(picture, turn, (400, 400)), np.uint8)
    elsewhere = points.copy()
    elsewhere[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
    again = alignment.chip(moved, Mesh(elsewhere), kind, 112)
    assert np.abs(still.astype(int) - again.astype(int)).mean() < 4


@pytest.mark.parametrize(
    "data, change, word",
    [
        (network(112, 256), {}, "512 values"),
        (network(104, 512), {}, "3 x 112 x 112"),
        (network(112, 512, batch=1), {}, "batch is fixed"),
        (b"no network", {}, "does not load"),
    ],
    ids=["values", "size", "batch", "bytes"],
)
def test_a_network_that_is_not_what_its_entry_says(
    tmp_path: Path, data: bytes, change: dict[str, Any], word: str
) -> None:
    install(tmp_path, "arc", data, **{**ARCFACE, **change})
    with pytest.raises(ModelRefused, match=word):
        Embedder(tmp_path, "arc")


def test_the_command_loads_the_operators_network_too(tmp_path: Path, assets: Path) -> None:
    """`kiosk models verify`: 0 when all fits; 1, and which one, when an entry and its network disagree."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "dlib-face-resnet-v1.onnx").symlink_to((assets / "models" / "dlib-face-resnet-v1.onnx").resolve())

    def verify() -> tuple[int, dict[str, str | None]]:
        words = [sys.executable, "-m", "kiosk", "models", "verify", "--json", "--assets", str(tmp_path)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        return done.returncode, {row["model"]: row["trouble"] for row in json.loads(done.stdout)}

    install(folder, "arc", network(112, 512), **ARCFACE)
    code, found = verify()
    assert code == 0 and set(found.values()) == {None} and "arc" in found
    install(folder, "arc", network(112, 256), **ARCFACE)
    code, found = verify()
    assert code == 1 and "512 values" in (found["arc"] or "")
    assert [name for name, trouble in found.items() if trouble] == ["arc"]
