"""The ledger of paper: one line for every step of every print, so that also after a power cut the terminal knows what
is out.

Theory first. A page that is out cannot be called back, and no device can be asked about the past for certain. So
whatever may put ink on paper is written down *before* it is done, and whatever was seen *after* it was seen. A crash
between two lines then leaves one of two truths: the line says "may be out" and nothing came, or something came and the
line says "may be out". Never is something out of which the ledger knows nothing. From there `settle`d is only what
queue and printer confirm; what nobody can confirm stays `UNCERTAIN` for good, and is never printed again.

An issue is one document under one random token. It has at most one original: a second attempt needs a `ReprintToken`,
which only a jam gives, after which the printer itself has said that no page came out, and which works once, for the
same issue.

A line is its CRC-32, then canonical JSON; each is written whole and `fsync`ed. A power cut can tear the last line only:
what it was to announce was then not yet done, so it is cut off. Any other damage means that somebody or something
changed the file: it is set aside, untouched, and the terminal says so (`kiosk doctor`, `kiosk paper`).

There is nothing about a person in it: a random token, the kind, the digest of the document, its pages, the time.
"""

import json
import logging
import os
import secrets
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

from kiosk import durable
from kiosk.china_time import china_date
from kiosk.clock import Clock
from kiosk.reasons import Reason, Refused

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=62)
"""Long enough to forecast from, and to answer a complaint."""
FILES_KEPT: Final = 3
"""The newest months stay whatever the clock says: a wrong one must not forget what is out."""
_MINT: Final = object()


class State(Enum):
    """Where an issue stands."""

    ISSUED = "issued"
    """The gate has admitted it and the citizen wants it: from now on it may reach the queue."""
    SPOOLED = "spooled"
    PRINTING = "printing"
    """Some of its pages are out."""
    OUT = "out"
    COLLECTED = "collected"
    """The citizen says that they have it."""
    JAMMED = "jammed"
    """The printer has ended the job over a jam, and no page is out."""
    NOT_OUT = "not-out"
    """It ended, and no page came out."""
    UNCERTAIN = "uncertain"
    """Some page may be out; nobody can say, or not all of them are."""


_MAY_FOLLOW: Final[dict[State, frozenset[State]]] = {
    State.ISSUED: frozenset(
        {State.SPOOLED, State.PRINTING, State.OUT, State.JAMMED, State.NOT_OUT, State.UNCERTAIN},
    ),
    State.SPOOLED: frozenset({State.PRINTING, State.OUT, State.JAMMED, State.NOT_OUT, State.UNCERTAIN}),
    State.PRINTING: frozenset({State.PRINTING, State.OUT, State.UNCERTAIN}),
    State.OUT: frozenset({State.COLLECTED}),
    State.JAMMED: frozenset({State.ISSUED, State.NOT_OUT}),
    State.COLLECTED: frozenset(),
    State.NOT_OUT: frozenset(),
    State.UNCERTAIN: frozenset(),
}
UNSETTLED: Final = frozenset({State.ISSUED, State.SPOOLED, State.PRINTING, State.JAMMED})


class LedgerError(Exception):
    """What was asked would break a promise of the ledger: a second original, or a step that cannot follow."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One document of `pages` pages (all copies counted), in its `attempt`-th attempt. `pages_out`: as last seen."""

    token: str
    kind: str
    digest: str
    pages: int
    attempt: int
    state: State
    pages_out: int
    at: datetime

    @property
    def job(self) -> str:
        """The name of this attempt wherever a job has a name."""
        return f"{self.token}-{self.attempt}"


class ReprintToken:
    """The right to try one issue once more, because a jam kept all of it inside. Made by `Ledger.jammed` only."""

    __slots__ = ("issue",)

    def __init__(self, mint: object, issue: str) -> None:
        if mint is not _MINT:
            raise TypeError("a ReprintToken is made by the ledger")
        self.issue: Final = issue


class Jammed(Refused):
    """The printer gave the job up over a jam and kept all of it: the one refusal after which it may print again."""

    def __init__(self, reprint: ReprintToken) -> None:
        super().__init__(Reason.PAPER_JAM_DURING, "the printer ended the job over a jam; no page is out")
        self.reprint = reprint


class Ledger:
    """The ledger in `directory`, which must outlive a power cut: on the state partition."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        """Reads what was kept, cuts off a torn last line, sets aside what is damaged. Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._issues: dict[str, Issue] = {}
        self._tokens: dict[str, str] = {}
        self.pages_out: Final[Counter[date]] = Counter()
        """On each day in China, as far back as issues are kept: counted as they come, because it is asked for often."""
        files = _files(directory)
        for path in files:
            lines, whole = _read(path)
            stand = {issue.token: issue.state for issue in lines}
            is_settled = UNSETTLED.isdisjoint(stand.values())
            if path.stem < _month(clock.now() - KEPT) and path not in files[-FILES_KEPT:] and is_settled:
                path.unlink()
                continue
            for issue in lines:
                self._know(issue)
            if whole is None:
                self._set_aside(path)
            elif whole < path.stat().st_size:
                log.warning("ledger: the last line of %s was torn and is cut off", path.name)
                os.truncate(path, whole)

    def issues(self) -> tuple[Issue, ...]:
        """Every issue that is kept, oldest first."""
        return tuple(self._issues.values())

    def of(self, token: str) -> Issue:
        """The issue under this token, as it stands now."""
        return self._issues[token]

    def unsettled(self) -> tuple[Issue, ...]:
        """Those of which somebody must still ask queue and printer what became of them."""
        return tuple(issue for issue in self._issues.values() if issue.state in UNSETTLED)

    def issue(self, kind: str, digest: str, pages: int) -> Issue:
        """Write down that this document is about to be handed over, as a new issue.

        Raises LedgerError when it may be out already.
        """
        earlier = self._issues.get(self._tokens.get(digest, ""))
        if earlier is not None and earlier.state is not State.NOT_OUT:
            raise LedgerError(f"this document was issued before and is {earlier.state.value}: no second original")
        issue = Issue(secrets.token_hex(8), kind, digest, pages, 1, State.ISSUED, 0, self._now())
        return self._write(issue)

    def issue_again(self, reprint: ReprintToken) -> Issue:
        """The next attempt at the issue that jammed. Raises LedgerError when the token was used before."""
        issue = self._issues[reprint.issue]
        return self._move(issue.token, State.ISSUED, attempt=issue.attempt + 1)

    def spooled(self, token: str) -> None:
        """The queue has all of it."""
        self._move(token, State.SPOOLED)

    def pages_are_out(self, token: str, pages: int) -> None:
        """The printer says that so many are out; fewer than all of them."""
        self._move(token, State.PRINTING, pages_out=pages)

    def out(self, token: str) -> None:
        """The printer says that all of it is out."""
        self._move(token, State.OUT, pages_out=self._issues[token].pages)

    def collected(self, token: str) -> None:
        """The citizen says that they have it."""
        self._move(token, State.COLLECTED)

    def jammed(self, token: str) -> ReprintToken:
        """The job has ended over a jam and no page is out."""
        self._move(token, State.JAMMED)
        return ReprintToken(_MINT, token)

    def not_out(self, token: str) -> None:
        """It has ended and no page came out."""
        self._move(token, State.NOT_OUT)

    def uncertain(self, token: str) -> None:
        """It has ended, and some page may be out."""
        self._move(token, State.UNCERTAIN)

    def _move(self, token: str, state: State, *, pages_out: int | None = None, attempt: int | None = None) -> Issue:
        issue = self._issues[token]
        if state not in _MAY_FOLLOW[issue.state]:
            raise LedgerError(f"an issue that is {issue.state.value} cannot become {state.value}")
        return self._write(
            replace(
                issue,
                state=state,
                pages_out=issue.pages_out if pages_out is None else pages_out,
                attempt=issue.attempt if attempt is None else attempt,
                at=self._now(),
            )
        )

    def _now(self) -> datetime:
        """As a line keeps it."""
        now = self._clock.now().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _write(self, issue: Issue) -> Issue:
        """On the disk first, then in memory. Raises OSError when it cannot be kept: then it must not be done."""
        body = json.dumps(_as_json(issue), sort_keys=True, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        path = self._directory / f"{_month(issue.at)}.ledger"
        is_new = not path.exists()
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                if file.write(line) != len(line):
                    raise OSError("the ledger's line was not written whole: is its disk full?")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
        if is_new:
            durable.settle(self._directory)
        self._know(issue)
        return issue

    def _know(self, issue: Issue) -> None:
        if (before := self._issues.get(issue.token)) is not None:
            self.pages_out[china_date(before.at)] -= before.pages_out
        self.pages_out[china_date(issue.at)] += issue.pages_out
        self._issues[issue.token] = issue
        self._tokens[issue.digest] = issue.token

    def _set_aside(self, path: Path) -> None:
        aside = path.with_suffix(f".damaged-{len(damaged(self._directory)) + 1}")
        path.rename(aside)
        log.error("ledger: %s was changed; it is kept as %s", path.name, aside.name)


def issues_in(directory: Path) -> tuple[Issue, ...]:
    """What the ledger in `directory` says, without touching it: a desk may be writing. Raises OSError."""
    found: dict[str, Issue] = {}
    for path in _files(directory):
        for issue in _read(path)[0]:
            found[issue.token] = issue
    return tuple(found.values())


def pages_by_day(issues: Iterable[Issue]) -> Counter[date]:
    """How many came out on each day in China."""
    found: Counter[date] = Counter()
    for issue in issues:
        found[china_date(issue.at)] += issue.pages_out
    return found


def damaged(directory: Path) -> list[str]:
    """The files that were set aside, by name."""
    return sorted(path.name for path in directory.glob("*.damaged-*"))


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.ledger"))


def _read(path: Path) -> tuple[list[Issue], int | None]:
    """The lines that are whole, and how many bytes they take; None when one that is not the last is not whole."""
    found: list[Issue] = []
    whole: int | None = 0
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        body = line[9:-1]
        try:
            if line[-1:] != b"\n" or line[:9] != b"%08x " % zlib.crc32(body):
                raise ValueError("not a whole line")
            found.append(_from_json(json.loads(body)))
        except (ValueError, KeyError, TypeError):
            if number < len(lines) or line.endswith(b"\n"):
                whole = None
        else:
            whole = None if whole is None else whole + len(line)
    return found, whole


def _as_json(issue: Issue) -> dict[str, object]:
    return {
        "issue": issue.token,
        "kind": issue.kind,
        "digest": issue.digest,
        "pages": issue.pages,
        "attempt": issue.attempt,
        "state": issue.state.value,
        "out": issue.pages_out,
        "at": issue.at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }


def _from_json(body: dict[str, object]) -> Issue:
    return Issue(
        token=str(body["issue"]),
        kind=str(body["kind"]),
        digest=str(body["digest"]),
        pages=int(str(body["pages"])),
        attempt=int(str(body["attempt"])),
        state=State(body["state"]),
        pages_out=int(str(body["out"])),
        at=datetime.fromisoformat(str(body["at"])),
    )


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"
