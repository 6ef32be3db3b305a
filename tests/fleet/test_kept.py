"""What is remembered over a power cut, and what stands for it when the file was spoilt by somebody else."""

from pathlib import Path

import pytest
from msgspec import Struct

from kiosk.fleet.kept import Kept


class Thing(Struct, frozen=True):
    number: int


@pytest.mark.parametrize("spoilt", [b"", b"{", b'{"number": "three"}', b"\xff"])
def test_what_was_spoilt_is_forgotten_or_what_stands_for_it_is_kept(tmp_path: Path, spoilt: bytes) -> None:
    """Either way it is said once."""
    file = tmp_path / "thing.json"
    file.write_bytes(spoilt)
    assert Kept(file, Thing).read() is None
    assert not file.exists()
    file.write_bytes(spoilt)
    assert Kept(file, Thing, spoilt=lambda: Thing(7)).read() == Thing(7)
    assert Kept(file, Thing).read() == Thing(7)


def test_what_was_lost_is_nothing_unless_its_owner_knows_better(tmp_path: Path) -> None:
    file = tmp_path / "thing.json"
    assert Kept(file, Thing, spoilt=lambda: Thing(7)).read() is None
    assert not file.exists()
    assert Kept(file, Thing, missing=lambda: Thing(8)).read() == Thing(8)
    assert Kept(file, Thing).read() == Thing(8)
