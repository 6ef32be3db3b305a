"""What stands in a hall: an image that tells nobody anything."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from image import uki
from tests.image.built import CHECKOUT, Esp, built, terminal
from tests.image.machine import switched_on

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

BOOT_S = 600


async def test_production_comes_up_silent_and_asks_no_host(tmp_path: Path) -> None:
    """It is blessed, says nothing on the serial line, and does not run what the host hands it."""
    keys, operator = tmp_path / "keys", tmp_path / "operator"
    keys.mkdir()
    key = uki.snakeoil(tmp_path)  # what the test's firmware knows, as if it were the operator's
    shutil.copy(key.key, keys / "db.key")
    shutil.copy(key.certificate, keys / "db.crt")
    shutil.copytree(CHECKOUT / "image/dev-operator", operator)
    shutil.copy(key.certificate, operator / "updates.pem")
    shutil.copy(key.certificate, operator / "recovery.pem")
    image = await asyncio.to_thread(built, "production", "--keys", str(keys), "--operator", str(operator))
    disk = image.copy_of_disk(tmp_path)
    hardware = terminal(disk, tmp_path, "echo RAN-ANYWAY >/dev/ttyS0")
    smbios = ("-smbios", "type=11,value=io.systemd.credential:probe=echo RAN-ANYWAY >/dev/ttyS0")
    async with switched_on(replace(hardware, extra=(*hardware.extra, *smbios)), tmp_path) as machine:
        started = await machine.serial.see("BdsDxe: starting .*$")  # the firmware's last word
        said = started.end()
        esp = Esp(disk)
        async with asyncio.timeout(BOOT_S):
            while [n for n in await asyncio.to_thread(esp.kernels) if "+" in n]:  # noqa: ASYNC110
                await asyncio.sleep(2)  # a guest that says nothing can only be looked at
        assert machine.serial.text[said:].strip() == ""
        await machine.press("ctrl", "alt", "delete")
        await machine.press_power()
        await asyncio.sleep(10)  # what must not happen has had its time
        assert machine.serial.text[said:].strip() == ""
        await machine.cut_power()
    assert "recovery.cms" in esp.names(), "the way back into a state whose TPM is gone"
