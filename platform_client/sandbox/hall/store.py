"""What the hall remembers, in SQLite: people only by pseudonym and by what an answer may show of them (C20, E05).

A pseudonym is HMAC-SHA-256 of the number under a key that lives as long as the store's process, so neither the file
nor a copy of it says who somebody is. Each change is one transaction that takes the write lock before it looks (BEGIN
IMMEDIATE): what a rule counted is still so when the row is written, also when other connections write to the same
file.
"""

import hmac
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from platform_client.references import Series, number
from platform_client.sandbox.registry import Person

_BUSY_S: Final = 30.0

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS trail (
    request_id TEXT NOT NULL, nonce TEXT NOT NULL, at INTEGER NOT NULL, terminal TEXT NOT NULL, operation TEXT NOT NULL,
    who TEXT NOT NULL, outcome TEXT NOT NULL, question BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS trail_of ON trail (request_id);
CREATE INDEX IF NOT EXISTS trail_under ON trail (nonce);

CREATE TABLE IF NOT EXISTS appointments (
    number TEXT PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, who TEXT NOT NULL, item TEXT NOT NULL,
    window TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL, state TEXT NOT NULL,
    holder_name TEXT NOT NULL, holder_number TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS one_live_booking ON appointments (who, item) WHERE state IN ('booked', 'checked-in');
CREATE INDEX IF NOT EXISTS slot ON appointments (item, window, begins);

CREATE TABLE IF NOT EXISTS tickets (
    turn INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, day TEXT NOT NULL, item TEXT NOT NULL, who TEXT,
    request_id TEXT NOT NULL UNIQUE, window TEXT, appointment TEXT UNIQUE, taken_at INTEGER NOT NULL,
    not_before INTEGER, state TEXT NOT NULL, UNIQUE (day, number));
CREATE TABLE IF NOT EXISTS calls (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, turn INTEGER NOT NULL, ticket TEXT NOT NULL, window TEXT NOT NULL,
    at INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS cases (
    number TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, request_id TEXT UNIQUE, who TEXT NOT NULL,
    applied_at INTEGER NOT NULL, file BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS ratings (
    who TEXT NOT NULL, subject TEXT NOT NULL, window TEXT NOT NULL, score INTEGER NOT NULL, reason TEXT,
    at INTEGER NOT NULL, request_id TEXT NOT NULL UNIQUE, UNIQUE (who, subject));

CREATE TABLE IF NOT EXISTS complaints (
    number TEXT PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, who TEXT NOT NULL, department TEXT NOT NULL,
    category TEXT NOT NULL, publish INTEGER NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, replied_at INTEGER,
    reply TEXT);

CREATE TABLE IF NOT EXISTS materials (
    number TEXT PRIMARY KEY, request_id TEXT UNIQUE, who TEXT NOT NULL, material TEXT NOT NULL, zh TEXT NOT NULL,
    en TEXT NOT NULL, agency TEXT NOT NULL, level TEXT NOT NULL, third_party INTEGER NOT NULL, sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL, held_since INTEGER NOT NULL, valid_until TEXT,
    revoked INTEGER NOT NULL DEFAULT 0);

CREATE TABLE IF NOT EXISTS supplements (request_id TEXT PRIMARY KEY);

CREATE TABLE IF NOT EXISTS outbox (
    who TEXT NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (kind, reference));
"""


class Store:
    """One connection, for one thread. `path` None: in memory, gone with the process. `key`: of the pseudonyms."""

    def __init__(self, path: Path | None = None, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        if path is not None:
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_S, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Everything in here, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def one(self, query: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return row

    def all(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def named(self, query: str, values: Mapping[str, object]) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def count(self, query: str, *values: object) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])

    def pseudonym(self, person: Person) -> str:
        return hmac.digest(self._key, person.number.encode(), "sha256").hex()[:32]

    def sealed(self, data: bytes) -> bytes:
        """A digest of `data` that only this store can make again."""
        return hmac.digest(self._key, data, "sha256")


def fresh_number(series: Series, day: date) -> str:
    """A number that nobody can guess; a collision is refused by the table's key."""
    return number(series, day, secrets.randbelow(10**8))


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def instant(seconds_utc: int) -> datetime:
    return datetime.fromtimestamp(seconds_utc, UTC)
