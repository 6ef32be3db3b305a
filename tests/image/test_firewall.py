"""The terminal's wire, from inside and from outside: who answers, and who is heard."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.image.built import FACT, OFF, Built, facts, terminal
from tests.image.machine import switched_on
from tests.image.network import Link, private_link

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

STRANGER = "10.70.0.9"
PROBE = """
rm /etc/onecard-kiosk/egress.nft
fact refused systemctl restart nftables
fact unruled systemctl is-active systemd-networkd
ln -s /usr/share/onecard-kiosk/operator/egress.nft /etc/onecard-kiosk/
systemctl reset-failed nftables
systemctl start nftables systemd-networkd
fact rules systemctl is-active nftables
until python3 -c 'import socket; socket.socket().bind(("{guest}", 0))' 2>/dev/null; do sleep 0.2; done
fact reached python3 -c '
import socket
for host, port in (("{host}", 443), ("{host}", 80), ("{stranger}", 443), ("{stranger}", 53)):
    try:
        socket.create_connection((host, port), 4).close()
        print(host, port, "answers")
    except OSError as error:
        print(host, port, type(error).__name__)
'
python3 -m http.server 8080 >/dev/null 2>&1 &
echo SCAN-NOW
head -c 1 /dev/virtio-ports/go >/dev/null
nft flush ruleset
echo SCAN-AGAIN
head -c 1 /dev/virtio-ports/go >/dev/null
"""


async def test_only_platform_and_fleet_are_reached_and_nobody_comes_in(dev_image: Built, tmp_path: Path) -> None:
    """Without addresses no network; with them the platform answers and nobody else; from outside no port is open."""
    disk = dev_image.copy_of_disk(tmp_path)
    with private_link(STRANGER) as link:
        probe = FACT + PROBE.format(guest=link.guest, host=link.host, stranger=STRANGER) + OFF
        servers = [await listen(link, host, port) for host in (link.host, STRANGER) for port in (443, 80, 53)]
        hardware = replace(terminal(disk, tmp_path, probe), link=link, channels=("go",))
        try:
            async with switched_on(hardware, tmp_path) as machine:
                await machine.serial.see("^SCAN-NOW")
                shut = await scan(link, 1, 65535)
                machine.channels["go"][1].write(b"!")
                await machine.serial.see("^SCAN-AGAIN")
                opened = await scan(link, 8000, 8100)
                machine.channels["go"][1].write(b"!")
                told = await facts(machine)
        finally:
            for server in servers:
                server.kill()
                await server.wait()
    assert told["unruled"].strip() != "active", "no rules, so no network"
    assert told["rules"].strip() == "active"
    reached = [line for line in told["reached"].splitlines() if line.endswith("answers")]
    assert reached == [f"{link.host} 443 answers"], told["reached"]
    assert shut == [] and opened == [8080], "what listens is only hidden by the rules: the scan would have found it"


SERVER = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listens", flush=True)
while True:
    server.accept()[0].close()
"""
SCANNER = """
import asyncio, json, sys
guest, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
async def knock(port, gate):
    async with gate:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(guest, port), 1.0)
        except OSError:
            return None
        writer.close()
        return port
async def all_of_them():
    gate = asyncio.Semaphore(800)
    return await asyncio.gather(*(knock(port, gate) for port in range(first, last + 1)))
print(json.dumps([port for port in asyncio.run(all_of_them()) if port]))
"""


async def listen(link: Link, host: str, port: int) -> asyncio.subprocess.Process:
    words = (*link.enter, sys.executable, "-c", SERVER, host, str(port))
    server = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"listens\n"
    return server


async def scan(link: Link, first: int, last: int) -> list[int]:
    """TCP ports of the guest that take a connection from outside."""
    words = (*link.enter, sys.executable, "-c", SCANNER, link.guest, str(first), str(last))
    scanner = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    told, _ = await scanner.communicate()
    assert scanner.returncode == 0
    return list(json.loads(told))
