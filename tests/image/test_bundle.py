"""script/bundle: what it makes of a build, whose keys it takes, and what it does not sign."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.image.updating import ROOT, Signer, make_signer

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
OS_RELEASE = "ID=debian\nIMAGE_ID=onecard-kiosk\nIMAGE_VERSION=2.1\nVARIANT_ID=dev\n"
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
TOOLS = ("rauc", "mkfs.erofs", "veritysetup", "objcopy", "mksquashfs")

pytestmark = pytest.mark.skipif(
    not STUB.exists() or any(shutil.which(tool, path="/usr/bin:/usr/sbin") is None for tool in TOOLS),
    reason="the tools that make an image are not here",
)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return make_signer(tmp_path_factory.mktemp("signer") / "ours")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """As script/image leaves it, with a root of one file and boot images without a kernel."""
    folder, tree = tmp_path / "build", tmp_path / "tree"
    folder.mkdir()
    tree.mkdir()
    (tree / "file").write_bytes(bytes(range(256)) * 64)
    done(["mkfs.erofs", folder / "root.erofs", tree])
    said = done(["veritysetup", "format", folder / "root.erofs", folder / "root.verity"])
    root_hash = next(line.split()[-1] for line in said.splitlines() if line.startswith("Root hash"))
    (tmp_path / "os-release").write_text(OS_RELEASE)
    for slot in "ab":
        boot_image(folder / f"kiosk-{slot}.efi", f"rauc.slot={slot} roothash={root_hash}", tmp_path / "os-release")
    return folder


def boot_image(out: Path, command_line: str, os_release: Path) -> None:
    words = out.with_suffix(".cmdline")
    words.write_text(command_line)
    sections = ["--add-section", f".osrel={os_release}", "--change-section-vma", ".osrel=0x10000000"]
    sections += ["--add-section", f".cmdline={words}", "--change-section-vma", ".cmdline=0x10100000"]
    done(["objcopy", *sections, STUB, out])
    words.unlink()


def done(words: list[str | Path], **environment: str) -> str:
    finished = attempt(words, **environment)
    assert finished.returncode == 0, f"{words}: {finished.stdout}{finished.stderr}"
    return finished.stdout


def attempt(words: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def bundle(build: Path, out: Path, certificate: Path, key: str | Path) -> list[str | Path]:
    return [ROOT / "script/bundle", build, "dev", out, "--cert", certificate, "--key", key]


def test_it_names_its_flavour_and_version_and_only_its_own_ca_believes_it(
    build: Path, signer: Signer, tmp_path: Path
) -> None:
    out = tmp_path / "update.raucb"
    done(bundle(build, out, signer.certificate, signer.key))
    said = done(["rauc", "info", f"--keyring={signer.ca}", "--output-format=shell", out])
    assert "RAUC_MF_COMPATIBLE='onecard-kiosk-dev'" in said
    assert "RAUC_MF_VERSION='2.1'" in said
    assert "RAUC_MF_FORMAT='verity'" in said or "verity" in done(["rauc", "info", f"--keyring={signer.ca}", out])
    other = make_signer(tmp_path / "other")
    assert attempt(["rauc", "info", f"--keyring={other.ca}", out]).returncode != 0


@pytest.mark.skipif(not SOFTHSM.exists(), reason="there is no SoftHSM")
def test_the_key_may_stay_in_its_token(build: Path, signer: Signer, tmp_path: Path) -> None:
    """As an operator signs who keeps the release key in hardware (RFC 7512)."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    here = {"SOFTHSM2_CONF": str(tmp_path / "softhsm.conf")}
    done(["softhsm2-util", "--init-token", "--free", "--label=release", "--pin=2468", "--so-pin=1357"], **here)
    put = ["--token=release", "--label=release", "--id=01", "--pin=2468"]
    done(["softhsm2-util", "--import", signer.key, *put], **here)
    there = {**here, "RAUC_PKCS11_MODULE": str(SOFTHSM), "RAUC_PKCS11_PIN": "2468"}
    out = tmp_path / "update.raucb"
    done(bundle(build, out, signer.certificate, "pkcs11:token=release;object=release"), **there)
    done(["rauc", "info", f"--keyring={signer.ca}", out])


WRONG = ("the other slot", "another root", "no version", "another flavour", "no flavour", "a root that was changed")


@pytest.mark.parametrize("wrong", WRONG)
def test_it_does_not_sign_what_would_not_start(build: Path, signer: Signer, tmp_path: Path, wrong: str) -> None:
    match wrong:
        case "the other slot":
            shutil.copyfile(build / "kiosk-a.efi", build / "kiosk-b.efi")
        case "another root":
            boot_image(build / "kiosk-b.efi", f"rauc.slot=b roothash={'0' * 64}", tmp_path / "os-release")
        case "no version":
            (tmp_path / "os-release").write_text("ID=debian\n")
            boot_image(build / "kiosk-a.efi", "rauc.slot=a", tmp_path / "os-release")
        case "another flavour" | "no flavour":
            variant = "VARIANT_ID=production\n" if wrong == "another flavour" else ""
            (tmp_path / "os-release").write_text(OS_RELEASE.replace("VARIANT_ID=dev\n", variant))
            line = b"rauc.slot=a " + re.findall(rb"roothash=[0-9a-f]+", (build / "kiosk-a.efi").read_bytes())[0]
            boot_image(build / "kiosk-a.efi", line.decode(), tmp_path / "os-release")
        case _:
            content = bytearray((build / "root.erofs").read_bytes())
            content[len(content) // 2] ^= 1
            (build / "root.erofs").write_bytes(content)
    refused = attempt(bundle(build, tmp_path / "update.raucb", signer.certificate, signer.key))
    assert refused.returncode != 0
    assert refused.stderr
    assert not (tmp_path / "update.raucb").exists()
