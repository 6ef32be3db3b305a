"""The words that are signed about the end of an audit log (platform_client.anchors).

A terminal signs them when it tells the platform, the platform when it was told: the same words in two contexts, so that
neither signature can stand for the other.
"""

import json
from datetime import UTC, datetime
from typing import Final

ANCHOR_CONTEXT: Final = b"onecard-kiosk audit anchor 1\0"
TAIL_CONTEXT: Final = b"onecard-kiosk audit tail 1\0"


def statement(context: bytes, terminal: str, seq: int, digest: str, at: str) -> bytes:
    """`at` in UTC, as ISO 8601 writes it."""
    body = {"terminal": terminal, "seq": seq, "hash": digest, "at": at}
    return context + json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def moment(at: datetime) -> str:
    """To the second, as it travels."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
