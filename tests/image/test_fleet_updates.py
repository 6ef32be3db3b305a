"""The fleet's agent itself on a machine that starts anew: hawkBit's deployment in, a report out, with the agent's own
unit, user and rights, RAUC on the system bus, and the terminal's own gate.

hawkBit is the stub of tests/fleet. The desk is a program that says that it is well; a desk has its own tests.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.printers.loopback_server import claim_port
from platform_client.sandbox.pki import make
from tests.image import small
from tests.image.machine import Machine
from tests.image.updating import Computer, ask, entries, make_signer, medium, say, version

sys.path.insert(0, str(Path(__file__).parents[1] / "fleet"))
from hawkbit import TERMINAL, TOKEN, Hawkbit
from publishing import PROFILE

pytestmark = [
    pytest.mark.image,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="an image is built as root"),
]

FLEET = """
[fleet.updates]
url = "https://localhost:{port}"
ca = "/etc/onecard-kiosk/ca.pem"
token = "update.token"
"""
WIRE = ("-netdev", "user,id=wire", "-device", "virtio-net-pci,netdev=wire")


async def put(machine: Machine, path: str, text: str, owner: str) -> None:
    """A file on the machine's state partition, made by who set it up."""
    hexadecimal = text.encode().hex()
    made = f"open({path!r}, 'wb').write(bytes.fromhex('{hexadecimal}'))"
    await ask(machine, f'python3 -c "{made}" && chown {owner} {path} && chmod 0400 {path}')


async def closed(hawkbit: Hawkbit, machine: Machine, count: int) -> None:
    """Until so many deployments have come to their end."""
    with machine.serial.explained(f"hawkBit heard only {hawkbit.feedback}", 600):
        async with asyncio.timeout(600):
            while len(hawkbit.closed) < count:  # noqa: ASYNC110 - the stub keeps what it hears, and tells nobody
                await asyncio.sleep(0.5)


async def test_the_fleet_hears_of_an_update_that_stays_and_of_one_that_does_not(tmp_path: Path) -> None:
    ours, tree = make_signer(tmp_path / "ours"), small.tree()
    builds = {
        name: small.build(tmp_path / name, tree, ours.ca, name, gate, agent=True)
        for name, gate in (("1.0", "well"), ("1.1", None), ("1.2", "ill"))
    }
    bundles = {name: ours.sign(builds[name], tmp_path / f"{name}.raucb").read_bytes() for name in ("1.1", "1.2")}
    (tmp_path / "nothing").write_bytes(b"")
    computer = Computer(tmp_path, tmp_path / "disk.raw", medium(tmp_path, {"nothing": tmp_path / "nothing"}))
    small.disk(computer.disk, builds["1.0"])
    pki = make(tmp_path / "pki", terminals=[TERMINAL], now=datetime.now(UTC))

    async with Hawkbit().running(pki) as hawkbit:
        hawkbit.offer("8", bundles["1.1"])
        async with computer.on(*WIRE) as machine:
            await machine.serial.see("Finished systemd-bless-boot")
            port = claim_port(0)
            profile = PROFILE.format(run="/run/onecard-kiosk", port=port) + FLEET.format(port=hawkbit.port)
            await put(machine, "/etc/onecard-kiosk/profile.toml", profile, "kiosk-agent")
            await put(machine, "/etc/onecard-kiosk/ca.pem", pki.tls_ca.certificate.read_text(), "kiosk-agent")
            await put(machine, "/etc/onecard-kiosk/update.token", TOKEN, "root")
            assert (await say(machine, "systemctl restart kiosk-agent")).code == 0, machine.serial.end
            assert await machine.off(600) == "guest-reset"

        async with computer.on(*WIRE) as machine:
            await closed(hawkbit, machine, 1)
            assert hawkbit.closed == ["success"]
            assert await version(machine) == "1.1"
            await machine.serial.see("healthy: INFO this start is good")
            await machine.serial.see("Finished systemd-bless-boot")
            assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1.efi"]
            hawkbit.offer("9", bundles["1.2"])
            await ask(machine, "systemctl stop test-desk")  # it would have to stand aside for the restart
            await ask(machine, "systemctl restart kiosk-agent")
            assert await machine.off(600) == "guest-reset"

        async with computer.on(*WIRE) as machine:  # 1.2 is not well, and goes
            assert await machine.off(600) == "guest-reset"

        async with computer.on(*WIRE) as machine:
            await closed(hawkbit, machine, 2)
            assert hawkbit.closed == ["success", "failure"]
            assert "went back" in hawkbit.feedback[-1][3]
            assert await version(machine) == "1.1"
            assert await entries(machine) == ["onecard-a_1.2+0.efi", "onecard-b_1.1.efi"]
