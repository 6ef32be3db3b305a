"""The fast part: one boot of what was signed, and one of what was not."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.image.built import FACT, OFF, Built, Esp, facts, flip_one_bit, partition, terminal
from tests.image.machine import Disk, switched_on

BUILD_AND_BOOT_S = 900

PROBE = (
    FACT
    + """
systemctl start systemd-bless-boot.service
fact root findmnt -no SOURCE,FSTYPE,OPTIONS /
fact verity dmsetup table root
fact state findmnt -no SOURCE,FSTYPE,OPTIONS /state
fact profile findmnt -no SOURCE,OPTIONS /etc/onecard-kiosk
fact sealed cryptsetup luksDump --dump-json-metadata /dev/onecard/disk/state
fact opened lsblk -srno NAME,TYPE /dev/mapper/state
fact esp findmnt -no SOURCE /efi
fact clock date -u +%Y
fact remembered findmnt -no SOURCE /var/lib/systemd/timesync
fact lockdown cat /sys/kernel/security/lockdown
fact secureboot od -An -t u1 -j 4 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
fact sysrq cat /proc/sys/kernel/sysrq
fact core cat /proc/sys/kernel/core_pattern
fact swaps cat /proc/swaps
fact writable findmnt -rno TARGET,SOURCE,FSTYPE,OPTIONS
fact processes sh -c 'cat /proc/[0-9]*/comm'
fact listening sh -c 'cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6'
udevadm settle
fact stick sh -c 'cat /sys/bus/usb/devices/*/product; ls /dev/sd*; lsmod | grep storage'
touch /run/onecard-kiosk/export-allowed
for _ in $(seq 300); do grep -q usb_storage /proc/modules && break; sleep 0.2; done
echo STICK-NOW
for _ in $(seq 300); do test -e /dev/sda && break; sleep 0.2; done
fact expected ls /dev/sda
rm /run/onecard-kiosk/export-allowed
for _ in $(seq 300); do grep -q usb_storage /proc/modules || break; sleep 0.2; done
fact afterwards sh -c 'ls /dev/sd*; lsmod | grep storage; true'
fact failed systemctl --failed --no-legend --plain
fact kernels sh -c 'ls /efi/EFI/Linux'
"""
    + OFF
)


@pytest.mark.timeout(BUILD_AND_BOOT_S)
async def test_what_was_signed_comes_up_locked_and_is_blessed(dev_image: Built, tmp_path: Path) -> None:
    """Under secure boot: verified root, state sealed by the TPM, no shell, no swap, no open port, no stick."""
    disk = dev_image.copy_of_disk(tmp_path)
    assert [name for name in Esp(disk).kernels() if name.endswith("+3.efi")], "three tries to begin with"
    hardware = terminal(disk, tmp_path, PROBE)
    async with switched_on(
        replace(
            hardware,
            disks=(*hardware.disks, Disk(decoy(tmp_path)), Disk(stick(tmp_path), bus="usb")),
            extra=(*hardware.extra, "-rtc", "base=2019-03-03"),  # its battery is empty
        ),
        tmp_path,
    ) as machine:
        await machine.serial.see("^STICK-NOW")
        await machine.put_in(stick(tmp_path, "expected"), "expected")
        told = await facts(machine)
        assert await machine.off() == "guest-shutdown"
    assert told["secureboot"].strip() == "1"
    assert "[confidentiality]" in told["lockdown"]
    assert int(told["clock"]) >= 2025, "never before its image was made"
    assert told["remembered"].startswith("/dev/mapper/state")
    assert told["root"].split()[:2] == ["/dev/mapper/root", "erofs"] and told["root"].split()[2].startswith("ro,")
    assert dev_image.root_hash in told["verity"] and "panic_on_corruption" in told["verity"]
    assert told["state"].split()[:2] == ["/dev/mapper/state", "ext4"] and "noexec" in told["state"]
    assert "vda6 part" in told["opened"] and told["esp"].strip() == "/dev/vda1", "of the disk that it was started from"
    assert told["profile"].startswith("/dev/mapper/state")
    assert '"systemd-tpm2"' in told["sealed"] and told["sealed"].count('"type":"luks2"') == 1, "one key, the TPM's"
    assert told["sysrq"].strip() == "0" and told["core"].strip() == "|/bin/false"
    assert len(told["swaps"].splitlines()) == 1
    on_disk = [line for line in told["writable"].splitlines() if "/dev/" in line.split()[1] and " rw," in line]
    assert {line.split()[0] for line in on_disk} <= {
        "/state", "/efi", "/etc/onecard-kiosk", "/var/lib/onecard-kiosk", "/var/lib/kiosk-agent", "/var/lib/rauc",
        "/var/lib/onecard-site", "/var/lib/onecard-kiosk-profiles", "/var/lib/systemd/timesync",
    }  # fmt: skip
    assert not {"agetty", "login", "sulogin", "bash", "sshd"} & set(told["processes"].split())
    assert open_to_others(told["listening"]) == []
    assert "QEMU USB HARDDRIVE" in told["stick"], "the stick is there"
    assert "/dev/sd" not in told["stick"].replace("'/dev/sd*'", "") and "usb_storage" not in told["stick"], (
        "without a driver"
    )
    assert told["expected"].strip() == "/dev/sda", "one that the technician's export waits for gets it"
    assert "/dev/sd" not in told["afterwards"].replace("'/dev/sd*'", "") and "usb_storage" not in told["afterwards"]
    assert Esp(disk).kernels() == [next(n for n in Esp(disk).kernels() if "+" not in n)], (
        "blessed: no tries left to count"
    )


def decoy(folder: Path) -> Path:
    """A second disk whose partitions have the names of the terminal's."""
    disk = folder / "decoy"
    with disk.open("wb") as file:
        file.truncate(64 << 20)
    kinds = {"esp": "uefi", "state": "linux", "root-a": "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"}
    table = "label: gpt\n" + "".join(f"size=16MiB, type={kind}, name={name}\n" for name, kind in kinds.items())
    subprocess.run(["sfdisk", "--quiet", disk], input=table, text=True, check=True)
    return disk


def stick(folder: Path, name: str = "stick") -> Path:
    image = folder / name
    image.write_bytes(bytes(1 << 20))
    return image


def open_to_others(tables: str) -> list[str]:
    """Sockets that listen (TCP) or receive (UDP) on more than loopback, of /proc/net/{tcp,udp}."""
    rows = [line.split() for line in tables.splitlines() if ":" in line.split()[0]]
    local = ("0100007F:", "00000000000000000000000001000000:")
    return [row[1] for row in rows if row[3] in ("0A", "07") and not row[1].startswith(local)]


@pytest.mark.timeout(BUILD_AND_BOOT_S)
async def test_one_flipped_bit_stops_the_boot(dev_image: Built, tmp_path: Path) -> None:
    """One bit of the C library on the disk: the kernel panics at the block, and nothing of it is run."""
    disk = dev_image.copy_of_disk(tmp_path)
    flip_one_bit(disk, partition(disk, "root-a")[0] + first_block(dev_image.folder / "root.erofs", LIBRARY))
    async with switched_on(terminal(disk, tmp_path, "echo RAN-ANYWAY"), tmp_path) as machine:
        await machine.serial.see("is corrupted")
        await machine.serial.see("Kernel panic - not syncing: dm-verity device corrupted")
        assert await machine.off() == "guest-reset"
        assert "RAN-ANYWAY" not in machine.serial.text
    assert [name for name in Esp(disk).kernels() if name.endswith("+2-1.efi")], "that was one of three tries"


@pytest.mark.image
@pytest.mark.timeout(BUILD_AND_BOOT_S)
async def test_a_root_that_is_not_there_is_one_of_three_tries(dev_image: Built, tmp_path: Path) -> None:
    """Its hash tree has another name, as after a write to the wrong disk: the first program does not wait for ever, and
    the boot loader may take the other slot."""
    disk = dev_image.copy_of_disk(tmp_path)
    relabel(disk, 3, "other")
    async with switched_on(terminal(disk, tmp_path, "echo RAN-ANYWAY"), tmp_path) as machine:
        assert await machine.off() == "guest-reset"
        assert "RAN-ANYWAY" not in machine.serial.text
    assert [name for name in Esp(disk).kernels() if name.endswith("+2-1.efi")], "that was one of three tries"


def relabel(disk: Path, number: int, label: str) -> None:
    subprocess.run(["sfdisk", "--quiet", "--part-label", disk, str(number), label], check=True)


LIBRARY = "/usr/lib/x86_64-linux-gnu/libc.so.6"


def first_block(root: Path, name: str) -> int:
    """Where a file's data begins in an erofs (dump.erofs -e): logical range, then where it lies."""
    told = subprocess.run(["dump.erofs", "-e", f"--path={name}", root], capture_output=True, text=True, check=True)
    extents = [line.split("|") for line in told.stdout.splitlines() if line.count("|") == 2 and ".." in line]
    return int(extents[0][1].split(":")[-1].split("..")[0])
