"""The computer that the tests of the image use, with nothing in it but its firmware."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.image.machine import Disk, Hardware, Unseen, secure_boot, switched_on
from tests.image.network import private_link


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a private network")
async def test_it_starts_shows_a_picture_and_can_be_cut_off(tmp_path: Path) -> None:
    """Firmware with a TPM and a private network; it finds nothing to start and says so."""
    with private_link() as link:
        hardware = Hardware(firmware=secure_boot(tmp_path), tpm=tmp_path / "tpm", link=link, channels=("test",))
        async with switched_on(hardware, tmp_path / "first") as machine:
            await machine.serial.see("BdsDxe: .*No bootable option|BdsDxe: failed to (load|start)")
            picture = await machine.look(lambda seen: len(seen.getcolors(1 << 20) or ()) > 1, "the firmware")
            assert isinstance(picture, Image.Image)
            await machine.tap(540, 960)
            await machine.press("ctrl", "alt", "f2")
            assert "LOWER_UP" in link.run("ip", "link", "show", link.tap)
            await machine.cut_power()
            with pytest.raises(Unseen, match="before the power went"):
                await machine.serial.see("what nobody says")


async def test_a_machine_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unseen, match="No such file"):
        async with switched_on(Hardware(disks=(Disk(tmp_path / "missing"),)), tmp_path):
            pass
