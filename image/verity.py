"""The root as it lies on the disk: erofs, its hash tree, and the one number that stands for all of it (dm-verity).

The same tree gives the same root hash, wherever and whenever it is built: times, identifiers and salt are fixed. A salt
protects against nothing here, since the tree is public.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EROFS_UUID = "c1d7fa0e-6a6e-4c3d-9c0e-0e1bb1d0a001"
_VERITY_UUID = "c1d7fa0e-6a6e-4c3d-9c0e-0e1bb1d0a002"
_BLOCK = 4096  # bytes
_SALT = "6f6e65636172642d6b696f736b2d726f6f742d7665726974792d73616c742d31"


@dataclass(frozen=True)
class Root:
    """A root that can be checked block by block."""

    data: Path
    hashes: Path
    root_hash: str

    @property
    def command_line(self) -> str:
        """All that the first program must know to check it (initrd/init)."""
        blocks = self.data.stat().st_size // _BLOCK
        return f"roothash={self.root_hash} onecard.root_blocks={blocks} onecard.root_salt={_SALT}"


def seal(tree: Path, out: Path, epoch: int, *, level: int) -> Root:
    """Makes `root.erofs` and `root.verity` of a tree. `level`: of lz4hc, 1 (quick) to 12 (small)."""
    data, hashes = out / "root.erofs", out / "root.verity"
    for path in (data, hashes):
        path.unlink(missing_ok=True)
    command: list[str | Path]
    command = ["mkfs.erofs", f"-zlz4hc,{level}", "-C65536", f"-T{epoch}", f"-U{_EROFS_UUID}", "--quiet", data, tree]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    command = [
        "veritysetup",
        "format",
        f"--salt={_SALT}",
        f"--uuid={_VERITY_UUID}",
        f"--data-block-size={_BLOCK}",
        data,
        hashes,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    root_hash = next(line.split()[-1] for line in said.splitlines() if line.startswith("Root hash:"))
    (out / "root-hash").write_text(root_hash + "\n")
    return Root(data, hashes, root_hash)
