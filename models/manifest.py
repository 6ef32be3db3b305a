"""The models the terminal may run: what they are, and for whom their errors were measured.

`manifest.toml` beside this module lists the models of the house. An operator's own stand in a file of the same form in
the models folder; it can add models, not change ours. A file is read only if its hash is the one listed.

What a distance means depends on who stands in front of the camera (NISTIR 8280), so a threshold is never a property of
a model alone. It is an `OperatingPoint`: two thresholds, the false match rate and the false non-match rate (FMR, FNMR:
ISO/IEC 19795-1) that were measured at them, and the population they were measured on.
"""

import hashlib
import importlib.util
from enum import Enum
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

import msgspec
from msgspec import Struct

MANIFEST: Final = Path(__file__).parent / "manifest.toml"
DEFAULT_MODEL: Final = "dlib-face-resnet-v1"
DEMONSTRATION: Final = "demonstration"
"""The population of nobody in particular."""
VALIDATED_FMR_MOST: Final = 0.001
"""What `validated` claims at least: the upper end of the 95 % interval of the FMR."""


class ModelRefused(Exception):
    """A model is not listed, not there or not the file the manifest names."""


class Task(Enum):
    """What a model is for."""

    DETECTION = "detection"
    LANDMARKS = "landmarks"
    EMBEDDING = "embedding"
    ANTI_SPOOF = "anti-spoof"


class Alignment(Enum):
    """Which five points of a face go where in the picture a network wants (models.alignment)."""

    DLIB = "dlib-5"
    ARCFACE = "arcface-5"


class Metric(Enum):
    """How two embeddings are compared: Euclidean distance, or 1 - cosine (0 to 2)."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"


class Preprocessing(Struct, frozen=True, forbid_unknown_fields=True):
    """(pixel - mean) / divisor, pixels 0..255, in this order of colours."""

    colour: str
    mean: float
    divisor: float

    def __post_init__(self) -> None:
        if self.colour not in ("rgb", "bgr") or self.divisor == 0:
            raise ValueError('preprocessing: colour "rgb" or "bgr", divisor not zero')


class Output(Struct, frozen=True, forbid_unknown_fields=True):
    """How many values come out, and how they are compared."""

    values: int
    compared_by: Metric


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """A share of errors among `pairs`; `at_most`: upper end of its 95 % interval."""

    rate: float
    at_most: float
    pairs: int

    def __post_init__(self) -> None:
        if not (0 <= self.rate <= self.at_most <= 1 and self.pairs > 0):
            raise ValueError("a rate must satisfy 0 <= rate <= at_most <= 1 over at least one pair")


class OperatingPoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Distances: the same person up to `same_at_most`, another person above `different_above`; between them the model
    cannot tell. `fmr` and `fnmr` hold at `same_at_most`, for `population`, on `persons` people; `evidence` says where
    that is written down. `validated`: a person in charge has accepted it for that population.
    """

    population: str
    validated: bool
    same_at_most: float
    different_above: float
    fmr: Rate
    fnmr: Rate
    persons: int
    evidence: str

    def __post_init__(self) -> None:
        if not 0 < self.same_at_most <= self.different_above:
            raise ValueError("thresholds must satisfy 0 < same_at_most <= different_above")
        if self.validated and self.fmr.at_most > VALIDATED_FMR_MOST:
            raise ValueError(
                f"validated for {self.population}, but its FMR may be {self.fmr.at_most:.2%}: "
                f"at most {VALIDATED_FMR_MOST:.1%} must be shown"
            )


class Model(Struct, frozen=True, forbid_unknown_fields=True, tag_field="task", kw_only=True):
    """What every entry says. `file` lies in the models folder, or inside the installed Python package `package`;
    `source_sha256` is the hash of what it was converted from. `input_px`: side of the square picture it wants.
    `limits`: what is known to be wrong with it."""

    task: ClassVar[Task]

    file: str
    sha256: str
    licence: str
    origin: str
    input_px: int
    limits: str = ""
    package: str | None = None
    source_sha256: str | None = None

    def __post_init__(self) -> None:
        hashes = [self.sha256] if self.source_sha256 is None else [self.sha256, self.source_sha256]
        if any(len(each) != 64 or set(each) - set("0123456789abcdef") for each in hashes):
            raise ValueError("a SHA-256 is 64 hexadecimal digits")
        if not self.licence.strip() or not self.origin.strip():
            raise ValueError("licence and origin must be stated")
        if Path(self.file).is_absolute() or ".." in Path(self.file).parts:
            raise ValueError("the file lies in the models folder or in its package")

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


class Detection(Model, frozen=True, forbid_unknown_fields=True, tag=Task.DETECTION.value, kw_only=True):
    """Finds faces. What happens before and after the network is the package's own."""

    task: ClassVar[Task] = Task.DETECTION
    preprocessing: str
    output: str


class Landmarks(Model, frozen=True, forbid_unknown_fields=True, tag=Task.LANDMARKS.value, kw_only=True):
    """Finds points of a face. What happens before and after the network is the package's own."""

    task: ClassVar[Task] = Task.LANDMARKS
    preprocessing: str
    output: str


class Embedding(Model, frozen=True, forbid_unknown_fields=True, tag=Task.EMBEDDING.value, kw_only=True):
    """A face as numbers: ONNX, one picture n x 3 x `input_px` x `input_px` in, `output.values` numbers out."""

    task: ClassVar[Task] = Task.EMBEDDING
    alignment: Alignment
    preprocessing: Preprocessing
    output: Output
    operating_point: tuple[OperatingPoint, ...]

    def __post_init__(self) -> None:
        Model.__post_init__(self)
        populations = [point.population for point in self.operating_point]
        if not populations or len(set(populations)) < len(populations):
            raise ValueError("one operating point for each population, at least one")

    def point_for(self, population: str) -> OperatingPoint:
        """The one set for these people; failing that the strictest there is, which is then validated for nobody."""
        for point in self.operating_point:
            if point.population == population:
                return point
        strictest = min(self.operating_point, key=lambda point: point.same_at_most)
        return msgspec.structs.replace(strictest, validated=False)


class AntiSpoof(Model, frozen=True, forbid_unknown_fields=True, tag=Task.ANTI_SPOOF.value, kw_only=True):
    """Tells a face from a picture of one, in one picture: ONNX, one crop in, one number for each class out.

    The crop is the face's box, made square and `crop_scale` times as wide. `live_class` counts from 0; its share after
    a softmax must be at least `live_at_least`, set at `apcer` and `bpcer` (ISO/IEC 30107-3) on `population`.
    """

    task: ClassVar[Task] = Task.ANTI_SPOOF
    preprocessing: Preprocessing
    crop_scale: float
    classes: int
    live_class: int
    live_at_least: float
    apcer: Rate
    bpcer: Rate
    population: str
    evidence: str

    def __post_init__(self) -> None:
        Model.__post_init__(self)
        if not (0 <= self.live_class < self.classes and 0 < self.live_at_least < 1 and self.crop_scale >= 1):
            raise ValueError("live_class is one of the classes, live_at_least between 0 and 1, crop_scale at least 1")


Entry = Detection | Landmarks | Embedding | AntiSpoof


class _Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    model: dict[str, Entry]


@cache
def models(folder: Path | None = None) -> dict[str, Entry]:
    """Every entry by name; with `folder` also the operator's. Raises ModelRefused if a manifest itself is wrong."""
    ours = _entries(MANIFEST)
    theirs = {} if folder is None else _entries(folder / MANIFEST.name)
    if twice := ours.keys() & theirs.keys():
        raise ModelRefused(f"{folder}/{MANIFEST.name}: {', '.join(sorted(twice))} is ours; give yours another name")
    return ours | theirs


def model(name: str, folder: Path | None = None) -> Entry:
    """The entry `name`. Raises ModelRefused."""
    try:
        return models(folder)[name]
    except KeyError:
        raise ModelRefused(f"{MANIFEST.name} lists no model {name}") from None


def embedding(name: str, folder: Path | None = None) -> Embedding:
    """The entry `name`, which compares faces. Raises ModelRefused."""
    entry = model(name, folder)
    if not isinstance(entry, Embedding):
        raise ModelRefused(f"{name} is not a model that compares faces")
    return entry


def _entries(path: Path) -> dict[str, Entry]:
    if path != MANIFEST and not path.exists():
        return {}
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Manifest).model
    except (msgspec.MsgspecError, OSError) as trouble:
        raise ModelRefused(f"{path.name}: {trouble}") from None
