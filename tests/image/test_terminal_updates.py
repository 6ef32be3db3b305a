"""An update of the whole image, with the terminal in it: from one home page to the next, and back from one that cannot
read the profile of this terminal.

The later versions are the image that was built, unpacked, changed and sealed again: releases without a build for each.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from image import build, uki, verity
from image.flavour import Flavour
from tests.image.built import CHECKOUT, FACT, Built, facts
from tests.image.hall import Screen, hall
from tests.image.machine import Disk
from tests.image.network import private_link
from tests.image.updating import medium

pytestmark = [
    pytest.mark.image,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="an image is built as root"),
]

KIND: Final = "social-insurance"
GOOD, ILL = "2.0", "3.0"
UPDATES: Final = f"""{FACT}
medium=/run/medium boot=/efi/EFI/Linux version=$(sed -n s/^IMAGE_VERSION=//p /etc/os-release)
fact version echo "$version"
until_proven() {{ until [ -e "$boot/onecard-$1_$version.efi" ]; do sleep 1; done; }}
update_to() {{
    mkdir -p $medium && mount -o ro /dev/vdb $medium
    fact update rauc install "$medium/$1.raucb"
}}
case $version in
{GOOD})
    until_proven b
    [ -e "$boot/onecard-a_{ILL}+0.efi" ] || update_to {ILL} ;;
{ILL}) ;;
*)
    until_proven a
    update_to {GOOD} ;;
esac
fact boot ls $boot
echo PROBE-DONE
systemctl --no-block reboot
"""
"""What the dev image runs as root, at each start, whichever version it is."""


def released(image: Built, folder: Path, later: str, change: Callable[[Path], None]) -> Path:
    """The bundle of a later version of `image`, with a `change` in its root. `folder`: on a disk, for it is large."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        tree, out = work / "tree", work / "out"
        out.mkdir()
        unpack = ("fsck.erofs", f"--extract={tree}", "--preserve", image.folder / "root.erofs")
        subprocess.run(unpack, check=True, capture_output=True)
        os_release = tree / "usr/lib/os-release"
        lines = os_release.read_text().splitlines()
        os_release.write_text("\n".join(f"IMAGE_VERSION={later}" if "IMAGE_V" in line else line for line in lines))
        change(tree)
        for part in ("vmlinuz", "initrd"):
            shutil.copy(image.folder / part, out)
        signer = uki.snakeoil(work)
        order = build.Order("dev", Flavour.read("dev"), signer, out)
        build.boot_images(order, verity.seal(tree, out, order.epoch, level=1), tree / "usr/lib", work)
        bundle = folder / f"{later}.raucb"
        words = ("script/bundle", out, "dev", bundle, "--cert", signer.certificate, "--key", signer.key)
        quick = "--mksquashfs-args=-noD -noF -noI -noX"
        subprocess.run((*words, quick), cwd=CHECKOUT, check=True, capture_output=True)
        return bundle


def nothing(_tree: Path) -> None:
    """But its number."""


def cannot_read_the_profile(tree: Path) -> None:
    """A mistake that only a terminal with a profile shows: a key that every profile has was given another name."""
    module = tree / "usr/lib/onecard-kiosk/venv/lib/python3.11/site-packages/kiosk/profile.py"
    source = module.read_text(encoding="utf-8")
    changed = source.replace("    queue: str\n", "    spooler: str\n")
    assert changed != source
    module.write_text(changed, encoding="utf-8")
    for bytecode in (module.parent / "__pycache__").glob("profile.*"):
        bytecode.unlink()


CHANGES: Final = {GOOD: nothing, ILL: cannot_read_the_profile}


async def test_the_terminal_is_updated_and_comes_back_from_a_version_that_is_not_well(
    dev_image: Built, assets: Path, tmp_path: Path
) -> None:
    """C16: the new version shows its home page, is found well and stays; the next one is not, and the terminal is back
    at its home page by itself."""
    bundles = {name: released(dev_image, tmp_path, name, what) for name, what in CHANGES.items()}
    stick = Disk(medium(tmp_path, {bundle.name: bundle for bundle in bundles.values()}), read_only=True)
    with private_link() as link:
        async with hall(dev_image, assets, link, tmp_path, UPDATES) as place:
            parts = {"disks": (*place.hardware.disks, stick)}
            async with place.switched_on(**parts) as screen:
                told = await at_home(screen)
                old = f"onecard-a_{told['version']}.efi"
                assert told["boot"].split() == [old, f"onecard-b_{GOOD}+3.efi"], told

            async with place.switched_on(**parts) as screen:
                told = await at_home(screen)
                assert told["version"] == GOOD
                assert told["boot"].split() == [f"onecard-a_{ILL}+3.efi", f"onecard-b_{GOOD}.efi"], told

            async with place.switched_on(**parts) as screen:
                assert await screen.machine.off() == "guest-reset"

            async with place.switched_on(**parts) as screen:
                told = await at_home(screen)
                assert told["version"] == GOOD
                assert told["boot"].split() == [f"onecard-a_{ILL}+0.efi", f"onecard-b_{GOOD}.efi"], told


async def at_home(screen: Screen) -> dict[str, str]:
    """What the version tells that showed its home page, and then restarted."""
    await screen.see(lambda view: view.can_touch(f"pick:{KIND}"), "the home page")
    told = await facts(screen.machine)
    assert await screen.machine.off() == "guest-reset"
    return {name: said.strip() for name, said in told.items()}
