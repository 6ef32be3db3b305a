"""What the image says of enrolment, before there is a profile: `enrolment.toml` of its operator's folder."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from kiosk.pages import Language, Rotation
from kiosk.profile import ProfileError
from platform_client.transport import require_https


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Key(_Table, frozen=True):
    """Where the terminal's key is made: in the token of this label behind `pkcs11_module` (of a TPM, as a rule), or
    without a module in a file on the encrypted partition. Which of them is never decided by what happens to work."""

    pkcs11_module: Path | None = None
    token: str = "onecard"


class Pairing(_Table, frozen=True):
    """Where a terminal asks for a code: https only, under a CA (PEM) that is in the image, too."""

    url: str
    ca: Path

    def __post_init__(self) -> None:
        require_https(self.url)


class Settings(_Table, frozen=True):
    """`operator`: PEM of the public keys whose orders count. `site`: the folder for what makes this terminal itself.
    `stick`: where a stick is mounted. `rotation`: of the page on the panel. Without `pairing` there is only the stick.
    """

    operator: Path
    site: Path = Path("/var/lib/onecard-site")
    run: Path = Path("/run/onecard-kiosk")
    stick: Path = Path("/run/onecard/stick")
    language: Language = "zh"
    rotation: Rotation = 0
    key: Key = Key()
    pairing: Pairing | None = None


def load(path: Path) -> Settings:
    """Raises ProfileError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(raw, Settings, dec_hook=lambda kind, value: kind(value), strict=True)
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError) as error:  # of tomllib and msgspec, too
        raise ProfileError(f"{path}: {error}") from None
