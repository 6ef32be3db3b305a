"""The local source: a city's own register, in a database (C05).

The register has no people in it: its entries are kept by file number, and a person's file number follows from theirs
by a hash. So everybody has a file, and the database says nothing about anybody.
"""

import hashlib
import sqlite3
from typing import Final

from platform_client.kinds import Bilingual
from platform_client.sandbox.records import RECORDS, Fact
from platform_client.sandbox.registry import Draw, Person

FILES: Final = 499
_SCHEMA: Final = """
CREATE TABLE entry (
    kind TEXT NOT NULL, file INTEGER NOT NULL, line INTEGER NOT NULL,
    label_zh TEXT NOT NULL, label_en TEXT NOT NULL, value_zh TEXT NOT NULL, value_en TEXT NOT NULL,
    PRIMARY KEY (kind, file, line)
) WITHOUT ROWID, STRICT
"""
_LOOK_UP: Final = """
SELECT label_zh, label_en, value_zh, value_en FROM entry WHERE kind = ? AND file = ? ORDER BY line
"""


class LocalRegister:
    """Opened in memory and filled; reading it takes microseconds."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute(_SCHEMA)
        self._database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", _rows())
        self._database.execute("PRAGMA query_only = ON")

    def __call__(self, kind: str, person: Person) -> tuple[Fact, ...]:
        found = self._database.execute(_LOOK_UP, (kind, _file(person)))
        return tuple(Fact(Bilingual(a, b), Bilingual(c, d)) for a, b, c, d in found)

    def close(self) -> None:
        self._database.close()


def _file(person: Person) -> int:
    return int.from_bytes(hashlib.sha256(person.number.encode()).digest()[:8], "big") % FILES


def _rows() -> list[tuple[str, int, int, str, str, str, str]]:
    rows = []
    for kind, sources in RECORDS.items():
        for file in range(FILES):
            for line, fact in enumerate(sources["local"](Draw(f"file {file}"))):
                rows.append((kind, file, line, fact.label.zh, fact.label.en, fact.value.zh, fact.value.en))
    return rows
