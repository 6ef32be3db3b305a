"""The search itself: it finds what it is to find."""

import subprocess
from pathlib import Path

import pytest

from tests.image.traces import in_the_guest, traces

NAME, NUMBER = "欧阳测试", "119999199001010010"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_name_is_found_wherever_it_lies_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    """Also across the border between two pieces that are read, and behind a hole."""
    image = tmp_path / "disk"
    for at in (0, (1 << 24) - 3, (1 << 27) + 5):
        image.write_bytes(b"")
        with image.open("r+b") as file:
            file.truncate(1 << 28)
            file.seek(at)
            file.write(NAME.encode(encoding))
        assert traces(image, [NAME, NUMBER]) == [f"{NAME} ({encoding}) at {at}"]
    assert traces(image, [NUMBER]) == []


def test_the_guest_searches_as_well(tmp_path: Path) -> None:
    device = tmp_path / "state"
    device.write_bytes(bytes((1 << 22) - 4) + NUMBER.encode() + bytes(1 << 20))
    for words, count in (([NUMBER, NAME], "1 "), ([NAME], "0 ")):
        command = in_the_guest(words, str(device))
        said = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
        assert said.startswith(count)
