"""What the firewall lets out to whom: its rules as they are, in a network whose only wire is this test (tun(4))."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "systemd/nftables/onecard-kiosk.nft"
PLATFORM, FLEET, PRINTER, STRANGER = (f"192.0.2.{last}" for last in (10, 20, 30, 66))
ADDRESSES = f"define platform = {{ {PLATFORM} }}\ndefine fleet = {{ {FLEET} }}\n"
PORTS = (53, 67, 80, 123, 443, 631, 9100)
TCP, UDP = "tcp", "udp"
# A lease is asked for again from port 68 (RFC 2131, 4.1), which only a right of root's opens.
# Runs in the network of its own: rules, addresses and ports in; out comes what was on the wire, read packet by packet.
ON_THE_WIRE = """
import fcntl, json, os, socket, struct, subprocess, sys
rules, hosts, ports = sys.argv[1], sys.argv[2].split(), [int(port) for port in sys.argv[3].split()]
wire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(wire, 0x400454CA, struct.pack("16sH22x", b"wire", 0x0001 | 0x1000))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
for words in ("addr add 192.0.2.1/24 dev wire", "link set wire up"):
    subprocess.run(["ip", *words.split()], check=True)
subprocess.run(["/usr/sbin/nft", "--file", rules], check=True)
calls = []
for host in hosts:
    for port in ports:
        calls.append(socket.socket())
        calls[-1].setblocking(False)
        calls[-1].connect_ex((host, port))
for own in (0, 68):
    told = socket.socket(type=socket.SOCK_DGRAM)
    told.bind(("", own))
    for host in hosts:
        for port in ports:
            try:
                told.sendto(b"x", (host, port))
            except PermissionError:  # the rules drop it
                pass
seen = set()
try:
    while packet := os.read(wire, 2048):
        if packet[0] >> 4 == 4:
            own, port = struct.unpack("!HH", packet[20:24])
            spoken = {6: "tcp", 17: "udp"}[packet[9]]
            seen.add((spoken, own == 68, socket.inet_ntoa(packet[16:20]), port))
except BlockingIOError:
    print(json.dumps(sorted(seen)))
"""


def reached(folder: Path, addresses: str) -> set[tuple[str, bool, str, int]]:
    """Over what, whether from the port of a lease, whom, where."""
    egress, rules = folder / "egress.nft", folder / "rules.nft"
    egress.write_text(addresses, encoding="utf-8")
    rules.write_text(RULES.read_text(encoding="utf-8").replace("/etc/onecard-kiosk/egress.nft", str(egress)))
    hosts = " ".join((PLATFORM, FLEET, PRINTER, STRANGER))
    words = ["unshare", "--net", sys.executable, "-c", ON_THE_WIRE, rules, hosts, " ".join(map(str, PORTS))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {tuple(packet) for packet in json.loads(done.stdout)}


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/net/tun").exists(), reason="needs root and a tun(4) device")
def test_only_platform_and_fleet_are_called_and_a_printer_that_the_operator_names(tmp_path: Path) -> None:
    """Nobody has to name one; who does reaches it for printing and nothing else. Time is the platform's, and only a
    lease is asked for of whoever gave it."""
    without = {(TCP, False, PLATFORM, 443), (TCP, False, FLEET, 443)}
    without |= {(UDP, from_lease, PLATFORM, 123) for from_lease in (False, True)}
    without |= {(UDP, True, anybody, 67) for anybody in (PLATFORM, FLEET, PRINTER, STRANGER)}
    assert reached(tmp_path, ADDRESSES) == without
    with_printer = f"{ADDRESSES}redefine printers = {{ {PRINTER} }}\n"
    assert reached(tmp_path, with_printer) == without | {(TCP, False, PRINTER, 631)}
