"""Reading the chain and walking along it.

`verify` finds a record that was taken out, put in, moved or changed by its place. With the terminal's public key it
also finds a chain that was written anew, and with anchors one whose end was cut off.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.audit.anchor import Anchor
from kiosk.audit.checkpoint import EVENT, UNSIGNED_MOST, PublicKey
from kiosk.audit.record import FIRST, Record, canonical, digest_of


class AuditBroken(Exception):
    """The chain does not hold; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds: how many records, the hash of the last, how many the last good checkpoint signed, and how
    many somebody else remembers: what is behind those could have been cut off."""

    records: int
    last: str
    signed: int = 0
    anchored: int = 0


def verify(directory: Path, key: PublicKey | None = None, anchors: Iterable[Anchor] = ()) -> Chain:
    """Walks the whole chain. Raises AuditBroken at the first break."""
    told = list(anchors)
    remembered: dict[int, str] = {}
    for anchor in told:
        if remembered.setdefault(anchor.seq, anchor.hash) != anchor.hash:
            raise AuditBroken(f"two records {anchor.seq} were anchored: one of them was taken out")
    strangers = {anchor.terminal for anchor in told}
    seq, before, signed = 0, FIRST, 0
    for record in records(directory):
        digest = follow(record, seq, before)
        seq += 1
        strangers.discard(terminal_in(record))
        if key is not None:
            if record.body["event"] == EVENT:
                if not key.signed(seq, before, record.body["fields"]):
                    raise AuditBroken(f"{record.place}: the checkpoint is not signed by this terminal")
                signed = seq
            elif seq - signed > UNSIGNED_MOST:
                raise AuditBroken(f"{record.place}: {seq - signed} records without a checkpoint")
        if remembered.pop(seq, digest) != digest:
            raise AuditBroken(f"{record.place}: another record {seq} was anchored")
        before = digest
    if remembered:
        raise AuditBroken(f"the chain ends at {seq}, but record {max(remembered)} was anchored")
    if strangers:
        raise AuditBroken(f"an anchor is of {min(strangers)}, which never wrote in this chain")
    return Chain(seq, before, signed, max((anchor.seq for anchor in told), default=0))


def terminal_in(record: Record) -> str | None:
    """Whose chain it is, in a record that says so."""
    match record.body:
        case {"event": str(event), "fields": {"terminal": str(terminal)}} if event.endswith(".started"):
            return terminal
    return None


def follow(record: Record, seq: int, before: str) -> str:
    """The hash of `record`, which has to follow number `seq` with the hash `before`. Raises AuditBroken."""
    body = dict(record.body)
    digest = body.pop("hash", None)
    if body.get("seq") != seq + 1:
        raise AuditBroken(f"{record.place}: record {seq + 1} is missing")
    if body.get("before") != before:
        raise AuditBroken(f"{record.place}: does not follow the record before it")
    if digest != digest_of(body):
        raise AuditBroken(f"{record.place}: was changed")
    return str(digest)


def records(directory: Path) -> Iterator[Record]:
    """Every record in order. Raises AuditBroken for a line that is not a record as it is written."""
    for path in files(directory):
        yield from records_of(path)


def records_of(path: Path) -> Iterator[Record]:
    """Those of one file. Raises AuditBroken."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{path.name}:{number}"
            if not line.endswith(b"\n"):
                raise AuditBroken(f"{place}: the line was torn off")
            try:
                body = json.loads(line)
            except ValueError:
                raise AuditBroken(f"{place}: not JSON") from None
            if not isinstance(body, dict) or canonical(body) + b"\n" != line:
                raise AuditBroken(f"{place}: not a record as it is written")
            yield Record(place, body)


def files(directory: Path) -> list[Path]:
    """Those of the chain, in order."""
    return sorted(directory.glob("audit-*.jsonl"))
