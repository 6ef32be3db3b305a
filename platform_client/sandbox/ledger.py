"""One request id, one document: a repeated issue call gets the bytes of the first, also while the first is under way.

Kept in memory for the newest requests only, because documents are personal data (C20).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.material import Order

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

    async def once(self, order: Order, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """The document of `order`, made by `make` the first time. Raises Refuse when id or nonce served another."""
        person = order.person
        fingerprint = hashlib.sha256("\0".join((order.nonce, order.kind, person.number, person.name)).encode()).digest()
        entry = self._entries.get(order.request_id)
        if entry is None:
            if any(other.nonce == order.nonce for other in self._entries.values()):
                raise Refuse("nonce-used")
            entry = _Entry(fingerprint, order.nonce, asyncio.create_task(make()))
            self._entries[order.request_id] = entry
            while len(self._entries) > _KEPT:
                self._rated.discard(self._entries.popitem(last=False)[0])
        elif entry.fingerprint != fingerprint:
            raise Refuse("request-id-used")
        try:
            return await asyncio.shield(entry.document)
        except Exception:
            self._entries.pop(order.request_id, None)
            raise

    def rate(self, request_id: str) -> None:
        """Take one rating per issue (B21). Raises Refuse."""
        if request_id not in self._entries:
            raise Refuse("unknown-request")
        if request_id in self._rated:
            raise Refuse("already-rated")
        self._rated.add(request_id)
