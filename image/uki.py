"""Kernel, initrd and command line in one signed program (unified kernel image, systemd-stub(7)).

Bookworm's systemd has no ukify, so its stub gets its sections by objcopy(1). Each slot has an image of its own, because
the command line says where the root is: no update ever writes the partition table.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from image.flavour import IMAGE, words

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
LOADER = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
SLOTS = ("a", "b")
_SNAKEOIL = Path("/usr/share/ovmf/PkKek-1-snakeoil.key")
_MIB = 1 << 20


class Signer(Protocol):
    """Puts a signature that the firmware believes on a program (Authenticode)."""

    def sign(self, program: Path, signed: Path) -> None: ...


@dataclass(frozen=True)
class KeyFile:
    """`db.key` and `db.crt` in a folder of the operator's."""

    key: Path
    certificate: Path

    def sign(self, program: Path, signed: Path) -> None:
        _sbsign("--key", self.key, "--cert", self.certificate, "--output", signed, program)


@dataclass(frozen=True)
class Token:
    """A key that does not leave its token (RFC 7512); sbsign asks OpenSSL's PKCS#11 engine."""

    uri: str
    certificate: Path

    def sign(self, program: Path, signed: Path) -> None:
        _sbsign("--engine", "pkcs11", "--key", self.uri, "--cert", self.certificate, "--output", signed, program)


def snakeoil(work: Path) -> KeyFile:
    """The key of OVMF's test firmware, without its pass phrase. Everybody has it."""
    key = work / "snakeoil.key"
    command: list[str | Path] = ["openssl", "rsa", "-in", _SNAKEOIL, "-passin", "pass:snakeoil", "-out", key]
    subprocess.run(command, capture_output=True, check=True)
    return KeyFile(key, _SNAKEOIL.with_suffix(".pem"))


def command_line(root: str, slot: str, extra: list[str]) -> str:
    """`root`: how it is checked (verity.Root). Which slot it lies in, initrd/init and RAUC know by one word."""
    return " ".join([*words(IMAGE / "kernel" / "command-line"), root, f"rauc.slot={slot}", *extra])


def assemble(sections: dict[str, Path], program: Path, stub: Path = STUB) -> None:
    """Appends the sections to the stub, each at an address of its own."""
    at = _round_up(_end(stub))
    arguments: list[str | Path] = []
    for name, path in sections.items():
        arguments += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={at:#x}"]
        at = _round_up(at + path.stat().st_size)
    subprocess.run(["objcopy", *arguments, stub, program], check=True)


def _end(program: Path) -> int:
    """Where the last section of a program ends in memory."""
    table = subprocess.run(["objdump", "-h", "-w", program], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines() if line.strip()[:1].isdigit()]
    return max(int(row[2], 16) + int(row[3], 16) for row in rows)


def _round_up(address: int) -> int:
    return (address + _MIB - 1) // _MIB * _MIB


def _sbsign(*words_: str | Path) -> None:
    done = subprocess.run(["sbsign", *words_], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(f"sbsign: {done.stderr.strip().splitlines()[-1]}")
