"""The end of another log of this terminal, remembered in this one.

The agent's chain is its own, and no platform hears of it. So the agent leaves number and hash of its newest record
where the desk sees them, and they stand in the desk's chain, which the platform anchors: an agent that cuts its chain
off behind that is found out (`kiosk audit verify --told-in`). It may be in other hands; what it leaves is believed as
far as it has the form, and cannot fill the desk's log.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kiosk import durable, lying_there
from kiosk.audit.anchor import Anchor
from kiosk.audit.chain import records, terminal_in
from kiosk.audit.log import AuditLog
from kiosk.clock import Clock
from kiosk.health.findings import Finding, warn
from kiosk.reasons import Refused

log = logging.getLogger(__name__)

FILE: Final = "audit-newest.json"
EVENT: Final = "fleet.log"
AT_MOST_EVERY_S: Final = 600.0
_BYTES_MOST: Final = 256
_READABLE: Final = 0o644


class Newest(Struct, frozen=True, forbid_unknown_fields=True):
    """A record, by number and hash."""

    seq: Annotated[int, Meta(ge=1, lt=2**53)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]


def leave(file: Path, audit: AuditLog) -> None:
    """For the desk to see. Raises OSError."""
    durable.replace(file, msgspec.json.encode(Newest(*audit.newest)), mode=_READABLE)


class Witness:
    """`file`: where the agent leaves it. `audit`: of the desk."""

    def __init__(self, file: Path, audit: AuditLog, clock: Clock) -> None:
        self._file = file
        self._audit = audit
        self._clock = clock
        self._seen: Newest | None = None
        self._not_before = clock.monotonic()

    def look(self) -> tuple[Finding, ...]:
        """Writes down what is new. A log that got shorter while this desk looked is a finding."""
        try:
            newest = msgspec.json.decode(lying_there.read(self._file, _BYTES_MOST), type=Newest)
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError):
            return (_not_its(f"{self._file} is no such note"),)
        if self._seen is not None and newest.seq < self._seen.seq:
            return (_not_its("the agent's log got shorter"),)
        if newest != self._seen and self._clock.monotonic() >= self._not_before:
            try:
                self._audit.record(EVENT, record=newest.seq, hash=newest.hash)
            except Refused as refused:
                log.warning("the agent's log is not witnessed: %s", refused.detail)
            else:
                self._seen, self._not_before = newest, self._clock.monotonic() + AT_MOST_EVERY_S
        return ()


def told_in(directory: Path) -> Iterator[Anchor]:
    """What the desk's chain in this directory remembers of the agent's. Raises AuditBroken."""
    terminal = ""
    for record in records(directory):
        terminal = terminal_in(record) or terminal
        match record.body:
            case {"event": event, "at": str(at), "fields": {"record": int(seq), "hash": str(digest)}} if event == EVENT:
                yield Anchor(terminal, seq, digest, at)


def _not_its(says: str) -> Finding:
    return warn("fleet log", says, "let an auditor compare both logs: kiosk audit verify --told-in")
