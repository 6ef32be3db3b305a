"""One request id, one document: a repeated order gets the bytes of the first, also while the first is under way.

Nothing about a query is kept after its answer (C20), and yet a terminal whose connection broke must be able to ask
again. So the document stays under a key that only the order itself yields (its nonce is 128 random bits): the ledger
keeps hashes and what it cannot read, and forgets both when the evidence of such an order would be too old anyway.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from platform_client.sandbox.exchange import Order
from platform_client.sandbox.intake import FRESH, Refuse

_NEWEST: Final = 4096
_KEPT_S: Final = 2 * FRESH.total_seconds()
"""Evidence may be dated ahead by as much as it may be old."""


@dataclass(slots=True)
class _Entry:
    """`fingerprint`, `nonce`: hashes. `under_way`: until the document is there; then `locked` is."""

    fingerprint: bytes
    nonce: bytes
    since_s: float
    under_way: asyncio.Task[bytes] | None = None
    locked: bytes = b""


class Ledger:
    """The orders of the last minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._nonces: set[bytes] = set()

    async def once(self, order: Order, make: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """The document of `order`, made by `make` the first time. Raises Refuse when id or nonce served another one."""
        self._forget()
        key, fingerprint, nonce = _hashes(order)
        entry = self._entries.get(order.request_id)
        if entry is None:
            if nonce in self._nonces:
                raise Refuse("nonce-used")
            self._nonces.add(nonce)
            entry = self._entries[order.request_id] = _Entry(fingerprint, nonce, self._clock())
            entry.under_way = asyncio.create_task(self._work(order.request_id, entry, key, make))
        elif entry.fingerprint != fingerprint:
            raise Refuse("request-id-used")
        if entry.under_way is not None:
            return await asyncio.shield(entry.under_way)
        return AESGCM(key).decrypt(fingerprint[:12], entry.locked, None)

    async def _work(
        self, request_id: str, entry: _Entry, key: bytes, make: Callable[[], Coroutine[Any, Any, bytes]]
    ) -> bytes:
        """Whether anybody still waits or not, the document is locked away when it is there."""
        try:
            document = await make()
        except BaseException:
            self._drop(request_id)  # a failed order may be given again
            raise
        entry.locked, entry.under_way = AESGCM(key).encrypt(entry.fingerprint[:12], document, None), None
        return document

    def _forget(self) -> None:
        oldest = self._clock() - _KEPT_S
        while self._entries:
            first = next(iter(self._entries.values()))
            if first.since_s > oldest and len(self._entries) <= _NEWEST:
                return
            self._drop(next(iter(self._entries)))

    def _drop(self, request_id: str) -> None:
        entry = self._entries.pop(request_id, None)
        if entry is not None:
            self._nonces.discard(entry.nonce)


def _hashes(order: Order) -> tuple[bytes, bytes, bytes]:
    """Key and fingerprint of the order, and the hash of its nonce."""
    asked = "\0".join((order.nonce, order.kind, order.number, order.name)).encode()
    secret, public, nonce = (
        hashlib.sha256(purpose + content).digest()
        for purpose, content in ((b"key\0", asked), (b"fingerprint\0", asked), (b"nonce\0", order.nonce.encode()))
    )
    return secret, public, nonce
