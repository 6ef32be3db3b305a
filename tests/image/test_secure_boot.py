"""What does not start: kernels that nobody signed, that were changed afterwards, and words that somebody adds."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image.built import FACT, OFF, Built, Esp, facts, terminal
from tests.image.machine import switched_on

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]


def unsigned(kernel: Path) -> None:
    subprocess.run(["sbattach", "--remove", kernel], check=True, capture_output=True)


def other_words(kernel: Path) -> None:
    """The command line as an attacker would like it, of the same length, under the old signature."""
    text = kernel.read_bytes()
    word = b"lockdown=confidentiality"
    assert text.count(word) == 1
    kernel.write_bytes(text.replace(word, b"lockdown=none".ljust(len(word))))


def somebody_elses(kernel: Path) -> None:
    """Signed well, by a key that this firmware does not know."""
    unsigned(kernel)
    key, certificate = kernel.with_suffix(".key"), kernel.with_suffix(".pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody", "-days", "2"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    sign: list[str | Path] = ["sbsign", "--key", key, "--cert", certificate, "--output", kernel, kernel]
    subprocess.run(sign, check=True, capture_output=True)


@pytest.mark.parametrize("spoil", [unsigned, other_words, somebody_elses])
async def test_a_kernel_that_is_not_as_the_operator_signed_it_does_not_start(
    dev_image: Built, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """An unsigned UKI, an altered command line, a foreign signature: refused, and no kernel says a word."""
    disk = dev_image.copy_of_disk(tmp_path)
    esp, kernel = Esp(disk), tmp_path / "kernel.efi"
    (name,) = esp.kernels()
    esp.get(f"EFI/Linux/{name}", kernel)
    spoil(kernel)
    esp.delete(f"EFI/Linux/{name}")
    esp.put(kernel, f"EFI/Linux/{name}")
    async with switched_on(terminal(disk, tmp_path), tmp_path) as machine:
        await machine.serial.see("Access Denied|Security Violation")
        assert "EFI stub" not in machine.serial.text and "systemd" not in machine.serial.text
        await machine.cut_power()


async def test_a_boot_loader_that_nobody_signed_does_not_start(dev_image: Built, tmp_path: Path) -> None:
    disk = dev_image.copy_of_disk(tmp_path)
    esp, loader = Esp(disk), tmp_path / "loader.efi"
    esp.get("EFI/BOOT/BOOTX64.EFI", loader)
    unsigned(loader)
    esp.put(loader, "EFI/BOOT/BOOTX64.EFI")
    async with switched_on(terminal(disk, tmp_path), tmp_path) as machine:
        await machine.serial.see("Access Denied|Security Violation")
        assert "EFI stub" not in machine.serial.text
        await machine.cut_power()


async def test_words_from_the_boot_menu_are_not_heard(dev_image: Built, tmp_path: Path) -> None:
    """Who writes to the firmware's partition can give the loader options; the kernel gets the signed line."""
    disk = dev_image.copy_of_disk(tmp_path)
    esp, entry, conf = Esp(disk), tmp_path / "entry.conf", tmp_path / "loader.conf"
    (name,) = esp.kernels()
    entry.write_text(f"title other\nefi /EFI/Linux/{name}\noptions init=/bin/sh systemd.debug_shell\n")
    conf.write_text("timeout 0\neditor yes\ndefault other.conf\n")
    esp.make_folder("loader/entries")
    esp.put(entry, "loader/entries/other.conf")
    esp.put(conf, "loader/loader.conf")
    probe = (
        FACT
        + "fact line cat /proc/cmdline\nfact entry sh -c 'cat /sys/firmware/efi/efivars/LoaderEntrySelected-*'\n"
        + OFF
    )
    async with switched_on(terminal(disk, tmp_path, probe), tmp_path) as machine:
        told = await facts(machine)
    assert "other.conf" in told["entry"].replace("\0", ""), "the attacker's entry is the one that was started"
    assert told["line"].strip() == (dev_image.folder / "command-line-a").read_text(encoding="utf-8").strip()


async def test_a_state_is_opened_by_its_own_machine_alone(dev_image: Built, tmp_path: Path) -> None:
    """After a restart it is what it was; a stolen disk in another machine meets a TPM that does not know it."""
    disk = dev_image.copy_of_disk(tmp_path)
    write = FACT + "echo kept > /state/desk/mark; sync; fact mount findmnt -no SOURCE /state" + OFF
    read = FACT + "fact mount findmnt -no SOURCE /state; fact mark cat /state/desk/mark" + OFF
    async with switched_on(terminal(disk, tmp_path, write), tmp_path) as machine:
        assert (await facts(machine))["mount"].strip() == "/dev/mapper/state"
        await machine.off()
    async with switched_on(terminal(disk, tmp_path, read), tmp_path) as machine:
        assert (await facts(machine))["mark"].strip() == "kept"
        await machine.off()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with switched_on(terminal(disk, elsewhere, read), elsewhere) as machine:
        told = await facts(machine)
        await machine.off()
    assert told["mount"].strip() == "" and "kept" not in told["mark"]
