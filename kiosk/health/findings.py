"""One thing that was looked at: how it is, and what to do about it; and what many of them make of a terminal (F03)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from kiosk.reasons import Reason


class Level(Enum):
    """OK; WARN: the terminal works, but not for everybody or not for long; FAIL: it does not."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


class State(Enum):
    """What the terminal is for a citizen who comes now. Yellow card: degraded; red card: out of service."""

    READY = "ready"
    DEGRADED = "degraded"
    OUT_OF_SERVICE = "out-of-service"


@dataclass(frozen=True, slots=True)
class Finding:
    """`part`: what was looked at. `remedy`: what to do, empty when there is nothing to do. `code`: that of the page on
    which citizens read of it, if they do (kiosk.reasons)."""

    part: str
    level: Level
    says: str
    remedy: str = ""
    code: str = ""


def ok(part: str, says: str) -> Finding:
    """As it should be."""
    return Finding(part, Level.OK, says)


def warn(part: str, says: str, remedy: str) -> Finding:
    """Not for everybody, or not for long."""
    return Finding(part, Level.WARN, says, remedy)


def fail(part: str, says: str, remedy: str, reason: Reason | None = None) -> Finding:
    """The terminal cannot serve, or must not."""
    return Finding(part, Level.FAIL, says, remedy, "" if reason is None else reason.value)


def state_of(findings: Iterable[Finding]) -> State:
    """The worst of them decides."""
    levels = {finding.level for finding in findings}
    if Level.FAIL in levels:
        return State.OUT_OF_SERVICE
    return State.DEGRADED if Level.WARN in levels else State.READY


def exit_code(findings: Iterable[Finding]) -> int:
    """0: it can serve; 1: it cannot."""
    return int(state_of(findings) is State.OUT_OF_SERVICE)
