"""What an entry of the technician's menu says while it runs: lines in both languages, and now and then live numbers."""

from msgspec import Struct

from kiosk.health.findings import Level
from kiosk.text import Text


class Line(Struct, frozen=True, tag=True):
    """One thing that was looked at or done. `remedy`: what to do about it, None when there is nothing to do."""

    level: Level
    says: Text
    remedy: Text | None = None


class Number(Struct, frozen=True):
    """A value that changes while one watches. `well`: it is within what a citizen's check needs."""

    name: Text
    value: str
    well: bool


class Live(Struct, frozen=True, tag=True):
    """How it is at this moment; the next one takes its place. While these come from the camera, its picture is in the
    preview ring, as in a face check."""

    numbers: tuple[Number, ...]


Said = Line | Live


def fine(zh: str, en: str) -> Line:
    """As it should be."""
    return Line(Level.OK, Text(zh, en))


def doubtful(zh: str, en: str, remedy: Text) -> Line:
    """It works, but not for everybody or not for long; or nobody can tell."""
    return Line(Level.WARN, Text(zh, en), remedy)


def wrong(zh: str, en: str, remedy: Text) -> Line:
    """It does not work."""
    return Line(Level.FAIL, Text(zh, en), remedy)


def not_fitted(zh: str, en: str) -> Line:
    """This terminal has no such device. Nothing is wrong with that."""
    return Line(Level.OK, Text(f"{zh}：未配备", f"{en}: not fitted"))
