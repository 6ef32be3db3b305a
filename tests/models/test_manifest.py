"""The manifest names every model and whom it is set for, and a file that is not the named one is refused."""

import re
import textwrap
from pathlib import Path

import msgspec
import pytest

from models import manifest
from models.manifest import Alignment, Metric, ModelRefused, Task

POINT = {
    "population": "adults-here",
    "validated": False,
    "same_at_most": 0.4,
    "different_above": 0.5,
    "fmr": {"rate": 0.0001, "at_most": 0.0008, "pairs": 90_000},
    "fnmr": {"rate": 0.02, "at_most": 0.03, "pairs": 900},
    "persons": 300,
    "evidence": "a report",
}
THEIRS = """
[model.theirs]
task = "anti-spoof"
file = "theirs.onnx"
sha256 = "{sha256}"
licence = "Apache-2.0"
origin = "their laboratory"
input_px = 80
preprocessing = {{ colour = "bgr", mean = 0.0, divisor = 1.0 }}
crop_scale = 2.7
classes = 3
live_class = 1
live_at_least = 0.8
apcer = {{ rate = 0.01, at_most = 0.02, pairs = 900 }}
bpcer = {{ rate = 0.02, at_most = 0.04, pairs = 500 }}
population = "adults-here"
evidence = "a report"
"""


def test_every_model_is_the_named_file(assets: Path) -> None:
    entries = manifest.models()
    assert {entry.task for entry in entries.values()} == set(Task) - {Task.ANTI_SPOOF}
    for entry in entries.values():
        assert entry.read(assets / "models")


def test_the_embedding_is_validated_for_nobody() -> None:
    """A02: no citizen is accepted on the word of a model whose errors were not measured on people like them."""
    entry = manifest.embedding("dlib-face-resnet-v1")
    assert not any(point.validated for point in entry.operating_point)
    assert "demonstration only" in entry.limits


def test_another_file_is_refused(tmp_path: Path, assets: Path) -> None:
    entry = manifest.model("dlib-face-resnet-v1")
    data = bytearray(entry.read(assets / "models"))
    data[len(data) // 2] ^= 1
    (tmp_path / entry.file).write_bytes(data)
    with pytest.raises(ModelRefused, match="SHA-256"):
        entry.read(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="script/setup"):
        manifest.model("dlib-face-resnet-v1").read(tmp_path)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelRefused, match="lists no model"):
        manifest.model("facenet")


@pytest.mark.parametrize(
    "change",
    [
        {"same_at_most": 0.0},
        {"same_at_most": 0.6},
        {"same_at_most": -1.0, "different_above": 1.0},
        {"fmr": {"rate": 0.5, "at_most": 0.4, "pairs": 10}},
        {"fmr": {"rate": 0.0, "at_most": 0.1, "pairs": 0}},
        {"validated": True, "fmr": {"rate": 0.0, "at_most": 0.0032, "pairs": 1210}},
        {"vallidated": True},
    ],
    ids=str,
)
def test_an_operating_point_must_make_sense(change: dict[str, object]) -> None:
    """Among others: nobody can call a point validated whose pairs are too few to show an FMR of 0.1 %."""
    msgspec.convert(POINT, manifest.OperatingPoint)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(POINT | change, manifest.OperatingPoint)


def test_for_people_nobody_measured_the_strictest_point_counts_and_is_not_validated() -> None:
    other = {**POINT, "population": "elsewhere", "same_at_most": 0.3}
    both = [{**POINT, "validated": True}, {**other, "validated": True}]
    points = msgspec.convert(both, tuple[manifest.OperatingPoint, ...])
    entry = msgspec.structs.replace(manifest.embedding("dlib-face-resnet-v1"), operating_point=points)
    assert entry.point_for("adults-here").validated
    unknown = entry.point_for("adults-there")
    assert (unknown.same_at_most, unknown.validated) == (0.3, False)


def test_an_operator_adds_models_in_the_models_folder(tmp_path: Path) -> None:
    (tmp_path / "manifest.toml").write_text(THEIRS.format(sha256="a" * 64))
    entries = manifest.models(tmp_path)
    assert entries.keys() - manifest.models().keys() == {"theirs"}
    entry = entries["theirs"]
    assert isinstance(entry, manifest.AntiSpoof)
    assert (entry.task, entry.live_class, entry.apcer.at_most) == (Task.ANTI_SPOOF, 1, 0.02)
    with pytest.raises(ModelRefused, match=r"theirs\.onnx"):
        entry.read(tmp_path)


@pytest.mark.parametrize(
    "text, word",
    [
        (THEIRS.format(sha256="a" * 64).replace("model.theirs", "model.dlib-face-resnet-v1"), "is ours"),
        (THEIRS.format(sha256="a" * 63), "64 hexadecimal"),
        (THEIRS.format(sha256="a" * 64).replace("live_class = 1", "live_class = 3"), "one of the classes"),
        (THEIRS.format(sha256="a" * 64).replace('"theirs.onnx"', '"../theirs.onnx"'), "models folder"),
        (THEIRS.format(sha256="a" * 64).replace('"Apache-2.0"', '" "'), "licence"),
        (THEIRS.format(sha256="a" * 64).replace("classes = 3", "klasses = 3"), "klasses"),
        ("[model", "manifest.toml"),
    ],
    ids=["ours", "hash", "class", "path", "licence", "key", "toml"],
)
def test_a_wrong_manifest_is_refused_with_a_word_about_it(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(ModelRefused, match=word):
        manifest.models(tmp_path)


def test_the_entry_in_the_guide_is_a_whole_one(tmp_path: Path) -> None:
    """An operator who copies it and fills in the dots has an entry that loads."""
    guide = Path(__file__).parents[2] / "docs" / "face.md"
    _, block, _ = re.split(r"```toml\n|```\n\n3\.", guide.read_text(encoding="utf-8"))
    text = textwrap.dedent(block).replace('sha256 = "…"', f'sha256 = "{"a" * 64}"')
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    entry = manifest.embedding("our-arcface", tmp_path)
    assert (entry.alignment, entry.input_px, entry.output.compared_by) == (Alignment.ARCFACE, 112, Metric.COSINE)
    assert not entry.point_for("adults-here").validated
