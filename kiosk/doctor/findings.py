"""One thing that was looked at: how it is, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """OK; WARN: the terminal works, but not for everybody or not for long; FAIL: it does not."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """`part`: what was looked at. `remedy`: what to do, empty when there is nothing to do."""

    part: str
    level: Level
    says: str
    remedy: str = ""


def ok(part: str, says: str) -> Finding:
    """As it should be."""
    return Finding(part, Level.OK, says)


def warn(part: str, says: str, remedy: str) -> Finding:
    """Not for everybody, or not for long."""
    return Finding(part, Level.WARN, says, remedy)


def fail(part: str, says: str, remedy: str) -> Finding:
    """The terminal cannot serve, or must not."""
    return Finding(part, Level.FAIL, says, remedy)


def exit_code(findings: Sequence[Finding]) -> int:
    """0: it can serve; 1: it cannot."""
    return int(any(finding.level is Level.FAIL for finding in findings))
