"""An append-only log in which every record carries the hash of the one before it.

Taking a record out, changing one or putting one in breaks the chain at that place, and `verify` names it. (Cutting off
the end is only seen by whoever knows the last hash; anchoring that elsewhere is the fleet's work.) A citizen is a
random pseudonym per session (E12); fields hold identifiers of devices, models, requests and documents, numbers and
reasons, never personal data: the recorder refuses any text of a form that could be a resident number.

A chain that does not hold (a line torn by a power cut, or worse) must not keep the terminal from serving, and must not
be mended either: its files are set aside, untouched, in a folder of their own, and a new chain begins with a record
that names the folder and the place.

One record per line, canonical JSON (sorted keys, no blanks); `hash` is SHA-256 over the line without it.
"""

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.clock import Clock

FIRST: Final = "0" * 64
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])|[\u3400-\u9fff]")

Field = str | int | float | bool


class AuditBroken(Exception):
    """The chain does not hold; the text names file and line."""


class AuditLog:
    """Writes one file per start of the desk; `fsync` after each record, because the next thing to happen may be a power
    cut."""

    def __init__(self, directory: Path, clock: Clock, *, terminal: str, software: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._session: str | None = None
        broken: tuple[str, str] | None = None
        try:
            self._seq, self._hash = verify(directory)
        except AuditBroken as error:
            self._seq, self._hash = 0, FIRST
            broken = (_set_aside(directory), str(error))
        self._file = (directory / f"audit-{len(_files(directory)) + 1:06d}.jsonl").open("xb", buffering=0)
        if broken is not None:
            self.record("audit.broken", set_aside=broken[0], why=broken[1])
        self.record("desk.started", terminal=terminal, software=software)

    def begin_session(self) -> None:
        self._session = secrets.token_hex(8)
        self.record("session.began")

    def end_session(self, outcome: str) -> None:
        try:
            self.record("session.ended", outcome=outcome)
        finally:
            self._session = None

    def record(self, event: str, **fields: Field) -> None:
        """Appends one record, whole or not at all.

        Raises ValueError when a field could be personal data, and OSError when it cannot be kept.
        """
        for name, value in fields.items():
            if isinstance(value, str) and _PERSONAL.search(value):
                raise ValueError(f"audit field {name!r} of {event} could be personal data")
        body: dict[str, object] = {
            "seq": self._seq + 1,
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "monotonic": round(self._clock.monotonic(), 3),
            "session": self._session,
            "channel": "terminal",
            "event": event,
            "fields": fields,
            "before": self._hash,
        }
        digest = _digest(body)
        self._append(_canonical({**body, "hash": digest}) + b"\n")
        self._seq, self._hash = self._seq + 1, digest

    def _append(self, line: bytes) -> None:
        end = self._file.tell()
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            # Half a line would break the chain for the records that follow.
            self._file.seek(end)
            self._file.truncate(end)
            raise

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class Record:
    """One line as read back."""

    place: str
    body: dict[str, object]


def records(directory: Path) -> Iterator[Record]:
    """Every record in order. Raises AuditBroken for a line that is not a record."""
    for path in _files(directory):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            place = f"{path.name}:{number}"
            try:
                body = json.loads(line)
            except ValueError:
                raise AuditBroken(f"{place}: not JSON") from None
            if not isinstance(body, dict):
                raise AuditBroken(f"{place}: not a record")
            yield Record(place, body)


def verify(directory: Path) -> tuple[int, str]:
    """Walks the whole chain; returns the number of records and the last hash. Raises AuditBroken at the first break."""
    seq, before = 0, FIRST
    for record in records(directory):
        body = dict(record.body)
        claimed = body.pop("hash", None)
        if body.get("seq") != seq + 1:
            raise AuditBroken(f"{record.place}: record {seq + 1} is missing")
        if body.get("before") != before:
            raise AuditBroken(f"{record.place}: does not follow the record before it")
        if claimed != _digest(body):
            raise AuditBroken(f"{record.place}: was changed")
        seq, before = seq + 1, str(claimed)
    return seq, before


def set_aside(directory: Path) -> list[str]:
    """The folders of chains that did not hold, by name."""
    return sorted(path.name for path in directory.glob("broken-*"))


def _set_aside(directory: Path) -> str:
    folder = directory / f"broken-{len(set_aside(directory)) + 1:06d}"
    folder.mkdir()
    for file in _files(directory):
        file.rename(folder / file.name)
    return folder.name


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("audit-*.jsonl"))


def _canonical(body: dict[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _digest(body: dict[str, object]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()
