"""What stands in a hall: an image that tells nobody anything."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from image import uki
from image.operator import AT
from tests.image.built import CHECKOUT, Esp, built, terminal
from tests.image.machine import switched_on

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

BOOT_S = 900
NOTHING_WITHIN_S = 10
KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""
"""P-256's own generator: nobody's."""


async def test_production_comes_up_silent_and_asks_no_host(tmp_path: Path) -> None:
    """It is blessed by its page (it is nobody's yet), says nothing on the serial line, and does not run what the host
    hands it."""
    keys, operator = tmp_path / "keys", tmp_path / "operator"
    keys.mkdir()
    key = uki.snakeoil(tmp_path)  # what the test's firmware knows, as if it were the operator's
    shutil.copy(key.key, keys / "db.key")
    shutil.copy(key.certificate, keys / "db.crt")
    shutil.copytree(CHECKOUT / "image/dev-operator", operator)
    shutil.copy(key.certificate, operator / "updates.pem")
    shutil.copy(key.certificate, operator / "recovery.pem")
    (operator / "operator.pem").write_text(KEY)
    slow = "usr/lib/systemd/system/kiosk-.service.d"  # the processor is a simulated one in this flavour, too
    shutil.copytree(CHECKOUT / "image/dev" / slow, operator / "units/kiosk-.service.d")
    (operator / "enrolment.toml").write_text(f'operator = "{AT}/operator.pem"\n')
    image = await asyncio.to_thread(built, "production", "--keys", str(keys), "--operator", str(operator))
    disk = image.copy_of_disk(tmp_path)
    hardware = terminal(disk, tmp_path, "echo RAN-ANYWAY >/dev/ttyS0")
    smbios = ("-smbios", "type=11,value=io.systemd.credential:probe=echo RAN-ANYWAY >/dev/ttyS0")
    async with switched_on(replace(hardware, extra=(*hardware.extra, *smbios)), tmp_path) as machine:
        started = await machine.serial.see("BdsDxe: starting .*\n")  # the firmware's last word, whole
        said = started.end()
        esp = Esp(disk)
        async with asyncio.timeout(BOOT_S):
            async for _ in machine.writes():
                if not [n for n in await asyncio.to_thread(esp.kernels) if "+" in n]:
                    break
        assert machine.serial.text[said:].strip() == ""
        await machine.press("ctrl", "alt", "delete")
        await machine.press_power()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(machine.qmp.event("SHUTDOWN"), NOTHING_WITHIN_S)
        assert machine.serial.text[said:].strip() == ""
        await machine.cut_power()
    assert "recovery.cms" in esp.names(), "the way back into a state whose TPM is gone"
