"""The models the terminal may run, as `manifest.toml` lists them, and their files once the hash has been checked."""

import hashlib
import importlib.util
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

MANIFEST: Final = Path(__file__).parent / "manifest.toml"


class ModelRefused(Exception):
    """A model is not listed, not there or not the file the manifest names."""


class Task(Enum):
    """What a model is for."""

    DETECTION = "detection"
    LANDMARKS = "landmarks"
    EMBEDDING = "embedding"


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """Distances between embeddings: the same person up to `same_at_most`, another person above `different_above`.

    In between the model cannot tell. `set_on`: the pictures these numbers were chosen with.
    """

    same_at_most: float
    different_above: float
    set_on: str

    def __post_init__(self) -> None:
        if not 0 < self.same_at_most <= self.different_above:
            raise ValueError("thresholds must satisfy 0 < same_at_most <= different_above")


class Model(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry. `file` lies in the models folder, or inside the installed Python package `package`."""

    task: Task
    file: str
    sha256: str
    licence: str
    origin: str
    input: str
    preprocessing: str
    output: str
    validated: bool
    population: str
    package: str | None = None
    source_sha256: str | None = None
    thresholds: Thresholds | None = None

    def path(self, folder: Path) -> Path:
        """Where the file should be; `folder` holds the models that no package brings. Raises ModelRefused."""
        if self.package is None:
            return folder / self.file
        found = importlib.util.find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise ModelRefused(f"the package {self.package} is not installed")
        return Path(found.submodule_search_locations[0]) / self.file

    def read(self, folder: Path) -> bytes:
        """The file's bytes, only if they are the ones the manifest names. Raises ModelRefused."""
        path = self.path(folder)
        try:
            data = path.read_bytes()
        except OSError as trouble:
            raise ModelRefused(f"{path}: {trouble.strerror}; run script/setup") from None
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ModelRefused(f"{path}: the SHA-256 is not the manifest's; run script/setup again")
        return data


class _Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    model: dict[str, Model]


@cache
def models() -> dict[str, Model]:
    """Every entry by name. Raises ModelRefused if the manifest itself is wrong."""
    try:
        return msgspec.toml.decode(MANIFEST.read_bytes(), type=_Manifest).model
    except msgspec.MsgspecError as trouble:
        raise ModelRefused(f"{MANIFEST.name}: {trouble}") from None


def model(name: str) -> Model:
    """The entry `name`. Raises ModelRefused."""
    try:
        return models()[name]
    except KeyError:
        raise ModelRefused(f"{MANIFEST.name} lists no model {name}") from None
