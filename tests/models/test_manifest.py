"""The manifest names every model, and a file that is not the named one is refused."""

from pathlib import Path

import msgspec
import pytest

from models import manifest
from models.manifest import ModelRefused, Task


def test_every_model_is_the_named_file(assets: Path) -> None:
    entries = manifest.models()
    assert {entry.task for entry in entries.values()} == set(Task)
    for entry in entries.values():
        assert entry.read(assets / "models")


def test_the_embedding_says_that_it_is_not_validated() -> None:
    entry = manifest.model("dlib-face-resnet-v1")
    assert not entry.validated
    assert "NOT validated" in entry.population


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


@pytest.mark.parametrize("same, different", [(0.0, 0.5), (0.6, 0.5), (-1.0, 1.0)])
def test_thresholds_must_make_sense(same: float, different: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"same_at_most": same, "different_above": different, "set_on": ""}, manifest.Thresholds)
