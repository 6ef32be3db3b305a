"""What of its operator goes into an image, looked at before any build. No build would miss what is missing there,
only a terminal in a hall: it would have no network, or never be anybody's.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from kiosk.enrolment import settings
from kiosk.fleet.operator import Operator, OperatorKeyError
from kiosk.profile import ProfileError

AT = Path("/usr/share/onecard-kiosk/operator")
"""Where the folder lies in the image."""


def check(folder: Path) -> None:
    """Raises ValueError, which names everything that is amiss."""
    amiss = list(_amiss(folder))
    if amiss:
        raise ValueError(f"{folder} is not an operator's folder (docs/image.md): " + "; ".join(amiss))


def _amiss(folder: Path) -> Iterator[str]:
    for name, why in (
        ("egress.nft", "the terminal would have no network"),
        ("enrolment.toml", "it could not be enrolled"),
        ("updates.pem", "nobody could update it"),
    ):
        if not (folder / name).is_file():
            yield f"{name} is missing: {why}"
    if (folder / "egress.nft").is_file():
        said = (folder / "egress.nft").read_text(encoding="utf-8")
        unnamed = [name for name in ("platform", "fleet") if not re.search(rf"^\s*define\s+{name}\s*=", said, re.M)]
        yield from (f"egress.nft: no `define {name} =`" for name in unnamed)
    if (folder / "enrolment.toml").is_file():
        try:
            read = settings.load(folder / "enrolment.toml")
            Operator.pinned(_here(read.operator, folder))
            if read.pairing is not None:
                x509.load_pem_x509_certificates(_here(read.pairing.ca, folder).read_bytes())
        except (ProfileError, OperatorKeyError, OSError, ValueError) as error:
            yield f"enrolment.toml: {error}"
    for name in ("updates.pem", "recovery.pem"):
        if (folder / name).is_file():
            try:
                x509.load_pem_x509_certificates((folder / name).read_bytes())
            except ValueError:
                yield f"{name}: no PEM certificate"


def _here(path: Path, folder: Path) -> Path:
    """Raises ValueError for a file that the image will not have."""
    if not path.is_relative_to(AT):
        raise ValueError(f"{path} is not under {AT}, where this folder will lie")
    return folder / path.relative_to(AT)
