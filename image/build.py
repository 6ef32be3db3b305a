"""From nothing to a disk: the steps in order, each with its time."""

import os
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from image import debian, disk, sbom, splash, uki, verity
from image.flavour import IMAGE, Flavour, words

CHECKOUT = IMAGE.parent
_HOOKS = ("10-product", "20-root", "25-updates", "30-users", "40-units", "50-kernel", "60-initrd", "70-bytecode")
_LOADER_CONF = "timeout 0\neditor no\nauto-firmware no\nauto-entries no\n"


@dataclass(frozen=True)
class Order:
    """What is to be built."""

    flavour_name: str
    flavour: Flavour
    signer: uki.Signer
    out: Path
    operator: Path | None = None
    level: int = 9

    @cached_property
    def epoch(self) -> int:
        """When this source was written: the only time in the image."""
        return int(_output("git", "log", "-1", "--format=%ct"))

    @property
    def version(self) -> str:
        """Sorts by age (systemd-boot and updates compare it)."""
        program = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        return f"{program}.{time.strftime('%Y%m%d%H%M%S', time.gmtime(self.epoch))}"


def refuse_unless_committed() -> None:
    """Raises ValueError. The version in an image is that of the commit: it must be what is in it, and what can be built
    again."""
    changed = _output("git", "status", "--porcelain").splitlines()
    if changed:
        names = ", ".join(line[3:] for line in changed[:8])
        raise ValueError(f"not all of this source is committed: {names}")


def build(order: Order, cache: Path) -> None:
    """Everything that belongs to an image, into `order.out`."""
    cache.mkdir(parents=True, exist_ok=True)
    order.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=cache) as work:
        tree = Path(work) / "root"
        with _step("debian"):
            lists = debian.tree(cache, tree)
        surplus = {"build", "dev"} - set(order.flavour.packages)
        gone = "".join((lists / f"only-{name}").read_text(encoding="utf-8") for name in sorted(surplus))
        unwanted = "\n".join(words(IMAGE / "packages" / "unwanted"))
        (order.out / "surplus").write_text(gone + unwanted, encoding="utf-8")
        for hook in _HOOKS:
            with _step(hook):
                _run_hook(hook, tree, order)
        licences = sbom.debian_licences(tree)
        with _step("80-strip"):
            _run_hook("80-strip", tree, order)
        with _step("sbom"):
            sbom.write(tree, order.out, order.version, order.epoch, licences)
        with _step("erofs, verity"):
            root = verity.seal(tree, order.out, order.epoch, level=order.level)
        with _step("kernels, signatures, disk"):
            _disk(order, root, tree / "usr/lib", Path(work))
    for label, path in (("root", order.out / "root.erofs"), ("disk", order.out / "disk.raw")):
        blocks = path.stat().st_blocks * 512 >> 20
        print(f"{label:28}{path.stat().st_size >> 20:6} MiB, {blocks} MiB on disk")
    print(f"{'all':28}{time.monotonic() - began:6.1f} s   {order.version} ({order.flavour_name}) {root.root_hash}")


def _disk(order: Order, root: verity.Root, lib: Path, work: Path) -> None:
    out = order.out
    boot_images(order, root, lib, work)
    loader = lib / "systemd/boot/efi" / uki.LOADER.name  # that of the lock, and not that of the machine that builds
    order.signer.sign(loader, out / "loader.efi")
    (work / "loader.conf").write_text(_LOADER_CONF, encoding="utf-8")
    files = {
        "EFI/BOOT/BOOTX64.EFI": out / "loader.efi",
        "loader/loader.conf": work / "loader.conf",
        # Three tries to show that it boots (systemd-boot(7), boot counting).
        f"EFI/Linux/onecard-a_{order.version}+3.efi": out / "kiosk-a.efi",
    }
    contents = {"esp": disk.esp(files, out), "root-a": root.data, "root-a-verity": root.hashes}
    disk.write(contents, out / "disk.raw")


def _run_hook(name: str, tree: Path, order: Order) -> None:
    environment = {**os.environ, "CHECKOUT": str(CHECKOUT), "OUT": str(order.out), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    environment |= {"FLAVOUR": order.flavour_name, "FLAVOUR_ROOT": order.flavour.root, "VERSION": order.version}
    environment |= {"SOURCE_DATE_EPOCH": str(order.epoch), "OPERATOR": str(order.operator or "")}
    # What a hook mounts is gone with it, however it ends: nothing of this machine hangs in a tree that is deleted.
    alone = ["unshare", "--mount", "--propagation", "private"]
    subprocess.run([*alone, IMAGE / "hooks" / name, tree], env=environment, cwd=CHECKOUT, check=True)


def boot_images(order: Order, root: verity.Root, lib: Path, work: Path) -> None:
    """`kiosk-a.efi` and `kiosk-b.efi`, signed, of this root: from the kernel and initrd that lie in `order.out`.

    `lib`: /usr/lib of the tree that the root was made of.
    """
    out, stub = order.out, lib / "systemd/boot/efi" / uki.STUB.name  # the lock's, too
    (work / "splash.bmp").write_bytes(splash.bitmap())
    for slot in uki.SLOTS:
        line, unsigned, signed = work / f"command-line-{slot}", work / "unsigned.efi", out / f"kiosk-{slot}.efi"
        line.write_text(uki.command_line(root.command_line, slot, order.flavour.command_line), encoding="utf-8")
        shutil.copy(line, out)
        sections = {".osrel": lib / "os-release", ".cmdline": line, ".splash": work / "splash.bmp"}
        sections |= {".linux": out / "vmlinuz", ".initrd": out / "initrd"}
        uki.assemble(sections, unsigned, stub)
        order.signer.sign(unsigned, signed)


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{name:28}{time.monotonic() - began:6.1f} s", flush=True)


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
