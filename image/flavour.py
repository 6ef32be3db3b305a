"""What kind of image it is to be: `flavours/*.toml`, read as they stand. An unknown key is an error."""

from pathlib import Path

import msgspec

IMAGE = Path(__file__).parent


class Flavour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What sets one kind of image apart from the others."""

    keys: str  # "snakeoil": OVMF's, which everybody has; "operator": must be given
    command_line: list[str]
    packages: list[str] = []  # lists in `packages/` that this flavour keeps beside `base`
    root: str = ""  # a folder beside `root/` that is laid over it
    operator: str = ""  # a folder in place of an operator's

    @classmethod
    def read(cls, name: str) -> "Flavour":
        """Raises ValueError (no such flavour, or a mistake in it)."""
        path = IMAGE / "flavours" / f"{name}.toml"
        if not path.exists():
            known = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml")))
            raise ValueError(f"no flavour {name}; there are {known}")
        try:
            return msgspec.toml.decode(path.read_text(encoding="utf-8"), type=cls)
        except msgspec.ValidationError as error:
            raise ValueError(f"{path}: {error}") from None


def words(path: Path) -> list[str]:
    """The words of a list, without its comments."""
    return [word for line in path.read_text(encoding="utf-8").splitlines() for word in line.partition("#")[0].split()]
