"""What seals this terminal believes in: the root pinned in its profile, and the revocation lists the platform feeds
(C17).

The lists are kept for as long as the terminal runs and asked for again while they are old. Without a list, or with one
past its next update, the document process refuses: stale means *cannot verify*, never *fine*.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk import journal
from kiosk.clock import Clock
from kiosk.health.findings import Finding, fail, ok, warn
from kiosk.messages import Trust
from kiosk.reasons import fault
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.trust import TRUST

log = logging.getLogger(__name__)

FRESH_S: Final = 600.0
ASK_EVERY_S: Final = 3600.0
"""Also when nobody needs them: a list that ends is asked for before a citizen waits for it."""
ENDS_SOON: Final = timedelta(days=1)
_PART: Final = "revocation lists"
_ASK: Final = "does the platform publish new ones? `kiosk sandbox --conformance URL` examines a platform"


class TrustStore:
    """The pinned root, and the platform's feed as last heard."""

    def __init__(self, root: Path, client: PlatformClient, clock: Clock) -> None:
        self._roots = tuple(
            certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(root.read_bytes())
        )
        self._client = client
        self._clock = clock
        self._trust = Trust(self._roots, (), ())
        self._heard_at: float | None = None

    async def current(self) -> Trust:
        """The trust to verify with; asks the platform first when the last feed is old. Keeps what it has on failure."""
        now = self._clock.monotonic()
        if self._heard_at is None or now - self._heard_at > FRESH_S:
            try:
                feed = await self._client.fetch(TRUST)
            except PlatformError as error:
                log.warning("trust feed not renewed: %s", error.kind.name)
            else:
                self._trust = Trust(self._roots, feed.intermediates, feed.crls)
                self._heard_at = now
        return self._trust

    async def keep_fresh(self, post: Callable[[Finding], None]) -> None:
        """For as long as the terminal runs; `post`: the board that staff read."""
        while True:
            try:
                trust = await self.current()
                if trust.crls:
                    post(_lists(trust.crls, self._clock.now()))
            except Exception as error:
                log.error("fault: %s", fault(error), extra=journal.event(journal.FAULT))
            await self._clock.sleep(ASK_EVERY_S)


def _lists(crls: tuple[bytes, ...], now: datetime) -> Finding:
    """How long they are good for; seals cannot be verified with a list that has ended."""
    try:
        ends = [x509.load_der_x509_crl(crl).next_update_utc for crl in crls]
    except ValueError:
        return warn(_PART, "the platform sent what is none", _ASK)
    first = min((end for end in ends if end is not None), default=None)
    if first is None:
        return warn(_PART, "one of them does not say when it ends", _ASK)
    if first <= now:
        return fail(_PART, f"one ended at {first.isoformat()}: no certificate can be verified", _ASK)
    if first - now <= ENDS_SOON:
        return warn(_PART, f"one ends at {first.isoformat()}", _ASK)
    return ok(_PART, f"good until {first.isoformat()}")
