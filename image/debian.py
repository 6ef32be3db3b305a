"""Debian's part of the root: mmdebstrap(1), from the mirror that this machine's own apt uses, in the versions of
`packages.lock`.

Every package is pinned by version (apt_preferences(5)), and what was really unpacked is compared with the lock by
SHA-256. A version that a mirror no longer has stops the build: renew the lock, or point apt at a snapshot of that day.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image.flavour import IMAGE, words

LOCK = IMAGE / "packages.lock"
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# apt knows where Debian comes from on this machine, whatever else it has.
_SOURCES = ["apt-get", "indextargets", "Created-By: Packages", "Origin: Debian", "Architecture: amd64"]
# What nobody reads on a terminal: web pages of a Prometheus that here only sends on, fonts for an X server.
_EXCLUDED = ("man", "info", "locale", "doc", "javascript", "nodejs", "fonts/X11")


@dataclass(frozen=True, order=True)
class Package:
    """One line of the lock."""

    name: str
    version: str
    architecture: str
    sha256: str


class LockBroken(Exception):
    """What was unpacked is not what the lock says."""


def locked() -> list[Package]:
    return [Package(*line.split()) for line in LOCK.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]


def tree(cache: Path, target: Path) -> Path:
    """Unpacks Debian's part into `target`, a folder that is not there yet. Returns a folder of lists, `only-NAME`: the
    packages that came with `packages/NAME` alone.

    Raises LockBroken, CalledProcessError.
    """
    key = hashlib.sha256(
        b"".join(p.read_bytes() for p in (LOCK, *_lists(), IMAGE / "hooks/build-packages", Path(__file__)))
    ).hexdigest()[:16]
    kept = cache / f"debian-{key}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache) as work:
            _bootstrap(cache, Path(work), locked())
            compare(_unpacked(cache, Path(work)), locked())
            for old in cache.glob("debian-*"):
                shutil.rmtree(old)
            Path(work).rename(kept)
            Path(work).mkdir()  # for the one who made it to remove
    target.mkdir()
    archive = kept / "debian.tar"
    subprocess.run(["tar", "--extract", "--numeric-owner", "--xattrs", "-f", archive, "-C", target], check=True)
    return kept


def renew(cache: Path) -> int:
    """Writes the lock anew, with what the mirror has today. Returns how many packages it holds."""
    with tempfile.TemporaryDirectory(dir=cache) as work:
        _bootstrap(cache, Path(work), ())
        packages = sorted(_unpacked(cache, Path(work)))
    lines = [f"{p.name} {p.version} {p.architecture} {p.sha256}\n" for p in packages]
    LOCK.write_text("# Made by script/image --renew-lock: package, version, architecture, SHA-256\n" + "".join(lines))
    return len(packages)


def _lists() -> list[Path]:
    return [IMAGE / "packages" / name for name in ("base", "dev", "build")]


def _bootstrap(cache: Path, work: Path, pinned: Iterable[Package]) -> None:
    base = words(_lists()[0])
    debs = cache / "debs"
    debs.mkdir(exist_ok=True)
    line = f"deb [signed-by={KEYRING}] $(REPO_URI) $(RELEASE) $(COMPONENT)"
    found = subprocess.run([*_SOURCES, "--format", line], capture_output=True, text=True, check=True).stdout
    if not found:
        raise ValueError("apt knows no Debian here: run apt-get update")
    (work / "sources.list").write_text(found, encoding="utf-8")
    (work / "preferences").write_text(_preferences(pinned), encoding="utf-8")
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=essential", "--format=tar"]
    command += [f"--include={','.join(base)}", "--aptopt=Apt::Install-Recommends false"]
    command += [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in _EXCLUDED]
    command += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    # The archive is kept beside the build, so that it is fetched once.
    command += ["--skip=download/empty", "--skip=essential/unlink"]
    command += ['--setup-hook=mkdir -p "$1/var/cache/apt/archives" "$1/etc/apt/preferences.d"']
    command += [f'--setup-hook=cp "{work}/preferences" "$1/etc/apt/preferences.d/lock"']
    command += [f"--setup-hook=sync-in {debs} /var/cache/apt/archives"]
    command += [f'--customize-hook=image/hooks/build-packages "$1" "{work}"']
    command += [f"--customize-hook=sync-out /var/cache/apt/archives {debs}"]
    # INITRD: ours is made later, when the modules are chosen (hooks/60-initrd).
    environment = {**os.environ, "INITRD": "No", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "C.UTF-8"}
    command += [SUITE, str(work / "debian.tar"), str(work / "sources.list")]
    subprocess.run(command, env=environment, cwd=IMAGE.parent, check=True)


def _preferences(pinned: Iterable[Package]) -> str:
    pins = [f"Package: {p.name}\nPin: version {p.version}\nPin-Priority: 1001\n" for p in pinned]
    if pins:  # and nothing else
        pins.append("Package: *\nPin: release *\nPin-Priority: -1\n")
    return "\n".join(pins)


def _unpacked(cache: Path, work: Path) -> list[Package]:
    """What the package manager says is there, and the digest of the file that it came from."""
    packages = []
    for line in (work / "installed").read_text(encoding="utf-8").splitlines():
        name, version, architecture = line.split()
        deb = cache / "debs" / f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"  # as apt calls it
        packages.append(Package(name, version, architecture, hashlib.sha256(deb.read_bytes()).hexdigest()))
    return packages


def compare(there: list[Package], wanted: list[Package]) -> None:
    wrong = sorted(set(there) ^ set(wanted))
    if wrong:
        names = ", ".join(sorted({f"{p.name} {p.version}" for p in wrong})[:12])
        raise LockBroken(f"not as in packages.lock: {names} (renew it with script/image --renew-lock)")
