"""A card that no reader read and a face that no camera saw, for programs that try out a platform: they examine it, load
it, or have specimens made.

Whoever stands there is invented, and the statement says so in the terminal's own name: the reader, what was checked,
the model and the only sign of life are called *specimen*. No terminal's journey can get hold of them: it takes what its
own reader and vision process make.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal


class _Kind(Enum):
    RESIDENT = "resident"


@dataclass(frozen=True, slots=True)
class _Authenticity:
    level: Literal["reader"] = "reader"
    checks: tuple[str, ...] = ("specimen",)


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """Of an invented person; as it is, of one in region 999900, which was never assigned."""

    name: str = "欧阳·测试"
    number: str = "999900199001010014"
    reader_id: str = "specimen"
    kind: _Kind = _Kind.RESIDENT
    authenticity: _Authenticity = _Authenticity()

    def __repr__(self) -> str:
        return "Card(***)"


@dataclass(frozen=True, slots=True)
class Face:
    """As near as a face in a picture of itself."""

    model: str = "specimen"
    weights_sha256: str = "0" * 64
    score: float = 0.0
    threshold: float = 0.5
    population: str = ""
    validated: bool = False
    liveness: Mapping[str, float] = field(default_factory=lambda: {"specimen": 1.0})
    frames: int = 1
