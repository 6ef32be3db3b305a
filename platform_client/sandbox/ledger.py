"""One request id, one document: a repeated issue call gets the bytes of the first, also while the first is under way.

Kept in memory for the newest requests only, because documents are personal data (C20).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from platform_client.messages import ReceivedIssueCall
from platform_client.sandbox.intake import Refuse

_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    fingerprint: bytes
    nonce: str
    document: asyncio.Task[bytes]


class Ledger:
    """The issues this sandbox remembers."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._rated: set[str] = set()

    async def once(self, call: ReceivedIssueCall, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """The document of `call`, made by `make` the first time. Raises Refuse when id or nonce served another call."""
        fingerprint = hashlib.sha256(f"{call.nonce}\0{call.kind}\0".encode() + call.evidence.document).digest()
        entry = self._entries.get(call.request_id)
        if entry is None:
            if any(other.nonce == call.nonce for other in self._entries.values()):
                raise Refuse("nonce-used")
            entry = _Entry(fingerprint, call.nonce, asyncio.create_task(make()))
            self._entries[call.request_id] = entry
            while len(self._entries) > _KEPT:
                self._rated.discard(self._entries.popitem(last=False)[0])
        elif entry.fingerprint != fingerprint:
            raise Refuse("request-id-used")
        try:
            return await asyncio.shield(entry.document)
        except Exception:
            self._entries.pop(call.request_id, None)
            raise

    def rate(self, request_id: str) -> None:
        """Take one rating per issue (B21). Raises Refuse."""
        if request_id not in self._entries:
            raise Refuse("unknown-request")
        if request_id in self._rated:
            raise Refuse("already-rated")
        self._rated.add(request_id)
