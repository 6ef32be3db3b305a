"""The form of one record: a line of canonical JSON (sorted keys, no blanks) that carries the hash of the one before it.

| key | |
|---|---|
| `seq` | 1, 2, 3 … over all files |
| `at`, `monotonic` | when: UTC, and seconds that no change of the clock touches |
| `session` | who: a random pseudonym per citizen, or null. It is made of nothing, so nothing leads back from it (E12) |
| `channel` | where the matter came in: "terminal", or "fleet" in the log of the agent |
| `event`, `fields` | what, and with which result |
| `before`, `hash` | SHA-256 of the record before, and of this one without `hash`; in hexadecimal |

Fields hold identifiers of devices, models, requests and documents, numbers and reasons, never personal data.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

FIRST: Final = "0" * 64
"""What the first record of a chain has before it."""

Field = str | int | float | bool

_PERSONAL: Final = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Record:
    """One line as read back; `place` is its file and line."""

    place: str
    body: dict[str, object]


def refuse_personal(event: str, fields: dict[str, Field]) -> None:
    """Raises ValueError when a field has the form of a resident number or holds Chinese characters (C20)."""
    for name, value in fields.items():
        if isinstance(value, str) and _PERSONAL.search(value):
            raise ValueError(f"audit field {name!r} of {event} could be personal data")


def sealed(body: dict[str, object]) -> tuple[bytes, str]:
    """The line of a record without its `hash`, and the hash that it now carries."""
    digest = digest_of(body)
    return canonical({**body, "hash": digest}) + b"\n", digest


def canonical(body: dict[str, object]) -> bytes:
    """The one way to write these keys and values down."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(body: dict[str, object]) -> str:
    """Of a record without its `hash`."""
    return hashlib.sha256(canonical(body)).hexdigest()
