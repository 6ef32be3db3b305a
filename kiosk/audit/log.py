"""Writing the chain: append-only files in which every record carries the hash of the one before it.

**What is on the disk.** Each record is written whole and then `fsync`ed, because the next thing to happen may be a
power cut: a page goes to the printer only after the disk has the record that says so. A file that has grown to
`FILE_BYTES` is closed and the next one begun.

**After a power cut** the last line may be torn. It was never acknowledged, so its bytes are set aside in a file of
their own, the chain goes on behind the record before it, and says so. Any other break must not keep the terminal from
serving and must not be mended either: the files of the chain are set aside, untouched, in a folder of their own, and a
new chain begins with a record that names the folder and the place. Only the newest file is looked at when the terminal
starts; `kiosk audit verify` walks the whole chain.

**A full disk** never breaks the chain: what does not fit is taken back whole. Then the `Reserve` is given up, the
session under way is recorded to its end, and `trouble` keeps the next one from beginning until there is room again.
"""

import errno
import hashlib
import logging
import os
import secrets
from io import FileIO
from pathlib import Path
from typing import Final

from kiosk import durable
from kiosk.audit import checkpoint
from kiosk.audit.chain import AuditBroken, files, follow, records, records_of
from kiosk.audit.checkpoint import Signer
from kiosk.audit.record import FIRST, Field, refuse_personal, sealed
from kiosk.audit.reserve import Reserve
from kiosk.clock import Clock
from kiosk.reasons import Reason, Refused

FILE_BYTES: Final = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class AuditLog:
    """One chain in one directory, which belongs to this process alone: the `writer`. `channel`: where the matters that
    it writes down come in. `signer`: makes its checkpoints, if there is one."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        terminal: str,
        software: str,
        signer: Signer | None = None,
        writer: str = "desk",
        channel: str = "terminal",
    ) -> None:
        """Goes on with the chain that is there. Raises OSError if there can be no such directory; a full disk is
        `trouble`."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._terminal, self._software = terminal, software
        self._signer = signer
        self._writer, self._channel = writer, channel
        self._reserve = Reserve(directory)
        self._session: str | None = None
        self._file: FileIO | None = None
        self._seq, self._hash = 0, FIRST
        self._unsigned = checkpoint.UNSIGNED_MOST  # unknown: sign soon
        self._signed = 0
        if self.trouble:
            log.error("the disk of the audit log is full: nobody is served")

    @property
    def newest(self) -> tuple[int, str]:
        """Number and hash of the last record: what somebody else may remember (kiosk.audit.anchor)."""
        return self._seq, self._hash

    @property
    def signed(self) -> int:
        """Number of the last checkpoint that this process made; 0 before the first."""
        return self._signed

    @property
    def trouble(self) -> Reason | None:
        """Why nobody may be served now. Looks whether there is room again, and begins then."""
        had_room = self._reserve.held
        if not self._reserve.take():
            return Reason.AUDIT_FULL
        try:
            if self._file is None:
                self._begin()
            elif not had_room:
                self.record("audit.room")
        except (OSError, Refused):
            return Reason.AUDIT_FULL
        return None

    def begin_session(self) -> None:
        self._session = secrets.token_hex(8)
        try:
            self.record("session.began")
        except Refused:
            self._session = None
            raise

    def end_session(self, outcome: str) -> None:
        try:
            self.record("session.ended", outcome=outcome)
        finally:
            self._session = None
        self._checkpoint()

    def record(self, event: str, **fields: Field) -> None:
        """Appends one record, whole or not at all.

        Raises ValueError when a field could be personal data, and Refused when the disk cannot keep it.
        """
        refuse_personal(event, fields)
        if self._unsigned >= checkpoint.UNSIGNED_MOST - 1:
            self._checkpoint()
        self._write(event, fields)
        self._unsigned += 1

    def checkpoint(self) -> None:
        """Signs what there is, if anything is not signed yet. Raises Refused when the disk cannot keep it."""
        if self._unsigned:
            self._checkpoint()

    def may_have(self, event: str) -> bool:
        """Whether such a record was ever written. Of a chain that does not hold or was set aside, nobody can say no."""
        if set_aside(self._directory):
            return True
        digest = FIRST
        try:
            for seq, record in enumerate(records(self._directory)):
                digest = follow(record, seq, digest)
                if record.body["event"] == event:
                    return True
        except AuditBroken:
            return True
        return False

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        """Raises OSError or Refused when the disk is full."""
        torn = _set_torn_line_aside(self._directory)
        self._seq, self._hash, broken = _resume(self._directory)
        self._file = self._next_file()
        try:
            if broken is not None:
                self.record("audit.broken", set_aside=broken[0], why=broken[1])
            if torn is not None:
                self.record("audit.torn", set_aside=torn[0], sha256=torn[1])
            self.record(f"{self._writer}.started", terminal=self._terminal, software=self._software)
            self._checkpoint()
        except Refused:
            self._file.close()
            self._file = None
            raise

    def _checkpoint(self) -> None:
        if self._signer is not None:
            self._write(checkpoint.EVENT, checkpoint.checkpoint(self._signer, self._seq + 1, self._hash))
            self._unsigned, self._signed = 0, self._seq

    def _write(self, event: str, fields: dict[str, Field]) -> None:
        body: dict[str, object] = {
            "seq": self._seq + 1,
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "monotonic": round(self._clock.monotonic(), 3),
            "session": self._session,
            "channel": self._channel,
            "event": event,
            "fields": fields,
            "before": self._hash,
        }
        line, digest = sealed(body)
        try:
            self._keep(line)
        except OSError:
            if not self._reserve.held:
                raise Refused(Reason.AUDIT_FULL, "no room for a record") from None
            log.error("the disk of the audit log is full: the reserve is used, nobody is served after this session")
            self._reserve.give_up()
            try:
                self._keep(line)
            except OSError:
                raise Refused(Reason.AUDIT_FULL, "no room for a record, not even the reserve's") from None
        self._seq, self._hash = self._seq + 1, digest

    def _keep(self, line: bytes) -> None:
        """Raises OSError, and then nothing was kept."""
        if self._file is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._file.tell() + len(line) > FILE_BYTES:
            following = self._next_file()
            self._file.close()
            self._file = following
        self._append(self._file, line)

    @staticmethod
    def _append(file: FileIO, line: bytes) -> None:
        end = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            # Half a line would break the chain for the records that follow.
            file.seek(end)
            file.truncate(end)
            raise

    def _next_file(self) -> FileIO:
        newest = files(self._directory)[-1:]
        number = int(newest[0].stem.removeprefix("audit-")) + 1 if newest else 1
        file = (self._directory / f"audit-{number:06d}.jsonl").open("xb", buffering=0)
        durable.settle(self._directory)
        return file


def set_aside(directory: Path) -> list[str]:
    """The folders of chains that did not hold, by name."""
    return sorted(path.name for path in directory.glob("broken-*"))


def _resume(directory: Path) -> tuple[int, str, tuple[str, str] | None]:
    """Number and hash of the last record; if the newest file does not hold, a new beginning, folder and reason."""
    try:
        for path in reversed(files(directory)):
            seq, digest = 0, FIRST
            for number, record in enumerate(records_of(path)):
                if number == 0 and not path.name.endswith("-000001.jsonl"):
                    # What the file before it ends with is what `kiosk audit verify` compares.
                    seq, digest = _claims(record.body)
                digest = follow(record, seq, digest)
                seq += 1
            if seq:
                return seq, digest, None
    except AuditBroken as error:
        return 0, FIRST, (_set_aside(directory), str(error))
    return 0, FIRST, None


def _claims(body: dict[str, object]) -> tuple[int, str]:
    match body:
        case {"seq": int(seq), "before": str(before)}:
            return seq - 1, before
    raise AuditBroken("a file begins with what is no record")


def _set_torn_line_aside(directory: Path) -> tuple[str, str] | None:
    """Name of the file that now holds it, and its SHA-256; None when the newest file ends with a whole line."""
    newest = files(directory)[-1:]
    if not newest:
        return None
    data = newest[0].read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole == len(data):
        return None
    torn = directory / f"torn-{len(list(directory.glob('torn-*'))) + 1:06d}"
    torn.write_bytes(data[whole:])
    with newest[0].open("r+b") as file:
        file.truncate(whole)
        os.fsync(file.fileno())
    return torn.name, hashlib.sha256(data[whole:]).hexdigest()


def _set_aside(directory: Path) -> str:
    folder = directory / f"broken-{len(set_aside(directory)) + 1:06d}"
    folder.mkdir()
    for file in files(directory):
        file.rename(folder / file.name)
    durable.settle(directory)
    return folder.name
