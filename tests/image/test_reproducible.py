"""Two builds of one source are one image; and what an image says of itself and of its parts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from image import debian, sbom
from tests.image.built import CHECKOUT, Built

pytestmark = pytest.mark.timeout(1200)  # the first one builds

LICENSED_AT_LEAST = 0.75
ROOT_MIB = 900
PACKED_MB = 450


@pytest.mark.image
@pytest.mark.timeout(3600)
def test_two_builds_are_one(tmp_path: Path) -> None:
    """Nothing kept from the first one but the downloaded packages: same root, same kernel, same initrd, same words."""
    cache = CHECKOUT / ".cache/image"
    outs = [tmp_path / "first", tmp_path / "second"]
    for out in outs:
        for kept in cache.glob("debian-*"):
            shutil.rmtree(kept)
        subprocess.run([CHECKOUT / "script/image", out], check=True)
    for name in ("root-hash", "root.erofs", "vmlinuz", "initrd", "command-line-a", "sbom.cdx.json"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), name
    assert (outs[0] / "root.erofs").stat().st_size >> 20 <= ROOT_MIB
    packed = subprocess.run(f"zstd -q -3 -c {outs[0]}/disk.raw | wc -c", shell=True, capture_output=True, check=True)
    assert int(packed.stdout) <= PACKED_MB * 1_000_000
    shutil.rmtree(tmp_path)


def test_the_bill_of_materials_names_everything_with_its_digest(dev_image: Built) -> None:
    """Each Debian package of the lock that stayed, or is in the initrd; each Python package of the terminal's own lock;
    models and fonts."""
    bill = json.loads((dev_image.folder / "sbom.cdx.json").read_text(encoding="utf-8"))
    parts = {part["purl"].partition("?")[0]: part for part in bill["components"] if "purl" in part}
    gone = set((dev_image.folder / "surplus").read_text(encoding="utf-8").split())
    assert gone >= set(sbom.ONLY_IN_INITRD)
    for package in debian.locked():
        there = package.name not in gone or package.name in sbom.ONLY_IN_INITRD
        assert (f"pkg:deb/debian/{package.name}@{package.version}" in parts) == there, package.name
    wanted = (CHECKOUT / "requirements.run.lock").read_text(encoding="utf-8")
    for line in wanted.splitlines():
        if "==" in line:
            name, version = line.split()[0].split("==")
            part = parts[f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"]
            assert part["hashes"][0]["content"] in wanted, f"{name}: not a file that the lock allows"
    licensed = sum("licenses" in part for part in parts.values()) / len(parts)
    assert licensed >= LICENSED_AT_LEAST, f"only {licensed:.0%} declare a licence"
    assert any(part["name"].startswith("models/") and part["hashes"] for part in bill["components"])


def test_debian_is_what_the_lock_says(dev_image: Built) -> None:
    """A version that is not the locked one is refused, by name."""
    there = debian.locked()
    other = debian.Package("zstd", "9.9", "amd64", "00")
    with pytest.raises(debian.LockBroken, match=r"zstd 9\.9"):
        debian.compare([*there, other], there)
