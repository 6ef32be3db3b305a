"""The image's judge of state headers (`state-header`) on files in place of partitions: what is made anew, what is
opened, and what is left alone."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from image.flavour import IMAGE

JUDGE = IMAGE / "root" / "usr/lib/onecard-image/state-header"
TOKEN = {"type": "systemd-tpm2", "keyslots": ["0"], "tpm2-blob": "AA==", "tpm2-pcrs": [7]}
TOKEN |= {"tpm2-pcr-bank": "sha256", "tpm2-policy-hash": "00"}
pytestmark = pytest.mark.skipif(shutil.which("cryptsetup", path="/usr/sbin") is None, reason="no cryptsetup")


def cryptsetup(*words: str | Path, said: str = "") -> None:
    subprocess.run(["/usr/sbin/cryptsetup", *words], input=said, text=True, check=True)


def judged(disk: Path) -> str:
    return subprocess.run([JUDGE, disk], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """As the image formats it (`state`), before the TPM has its part."""
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(32 << 20)
    assert judged(disk) == "none"
    fast = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", "-")
    form = ("--type", "luks2", "--label", "making", "--cipher", "aes-xts-plain64", "--key-size", "512")
    cryptsetup("luksFormat", "--batch-mode", *form, *fast, disk, said="anything")
    return disk


def finish(disk: Path) -> None:
    cryptsetup("token", "import", disk, said=json.dumps(TOKEN))
    cryptsetup("config", "--label", "state", disk)


def test_only_a_state_that_was_never_finished_is_made_anew(disk: Path) -> None:
    """F06: a power cut at any point of the making. A finished one without its token is for somebody to decide on."""
    assert judged(disk) == "none"
    cryptsetup("token", "import", disk, said=json.dumps(TOKEN))
    assert judged(disk) == "none"
    cryptsetup("config", "--label", "state", disk)
    assert judged(disk) == "ours"
    cryptsetup("token", "remove", "--token-id", "0", disk)
    assert judged(disk) == "foreign"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('"encryption":"aes-xts-plain64"', '"encryption":"cipher_null-ecb"'),
        ('"type":"crypt"', '"type":"linear"'),
    ],
)
def test_a_header_that_opens_under_any_key_is_not_ours(disk: Path, ours: str, theirs: str) -> None:
    """E07: nobody who writes to the disk can bring a state of their own."""
    finish(disk)
    assert judged(disk) == "ours"
    forge(disk, ours, theirs)
    assert judged(disk) != "ours"


def test_a_disk_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    assert subprocess.run([JUDGE, tmp_path / "none"], capture_output=True, check=False).returncode != 0


def forge(disk: Path, old: str, new: str) -> None:
    """Changes the JSON of both headers, and makes their checksums right (LUKS2 On-Disk Format, 2.1)."""
    size, checksum = 16384, slice(448, 512)
    with disk.open("r+b") as file:
        for at in (0, size):
            file.seek(at)
            header = bytearray(file.read(size))
            words = bytes(header[4096:]).rstrip(b"\0")
            assert old.encode() in words
            header[4096:] = words.replace(old.encode(), new.encode()).ljust(size - 4096, b"\0")
            header[checksum] = bytes(64)
            header[checksum] = hashlib.sha256(header).digest().ljust(64, b"\0")
            file.seek(at)
            file.write(header)
