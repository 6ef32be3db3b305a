"""The ring of camera pictures."""

from pathlib import Path

import pytest

from kiosk.preview import FRAME_BYTES, SLOTS, PreviewRing


def frame(value: int) -> bytes:
    return bytes([value]) * FRAME_BYTES


def test_a_reader_sees_the_newest_frame_once(tmp_path: Path) -> None:
    writer = PreviewRing.create(tmp_path / "ring")
    reader = PreviewRing.reading(tmp_path / "ring")
    assert reader.latest() is None
    for value in range(1, SLOTS + 2):
        writer.write(frame(value))
    latest = reader.latest()
    assert latest == (SLOTS + 1, frame(SLOTS + 1))
    assert reader.latest(after=SLOTS + 1) is None


def test_nothing_of_a_face_stays_when_it_is_cleared(tmp_path: Path) -> None:
    """C20: the ring holds zeros after a check."""
    writer = PreviewRing.create(tmp_path / "ring")
    writer.write(frame(7))
    writer.clear()
    assert PreviewRing.reading(tmp_path / "ring").latest() is None
    assert not any((tmp_path / "ring").read_bytes())


def test_its_group_may_look_and_nobody_else(tmp_path: Path) -> None:
    PreviewRing.create(tmp_path / "ring")
    assert (tmp_path / "ring").stat().st_mode & 0o037 == 0
    with pytest.raises(TypeError):
        PreviewRing.reading(tmp_path / "ring").write(frame(1))


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bytes"):
        PreviewRing.create(tmp_path / "ring").write(b"short")
