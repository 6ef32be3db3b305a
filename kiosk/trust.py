"""What seals this terminal believes in: the root pinned in its profile, and the revocation lists the platform feeds
(C17).

The lists are kept for as long as the terminal runs and asked for again while they are old. Without a list, or with one
past its next update, the document process refuses: stale means *cannot verify*, never *fine*.
"""

import logging
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.clock import Clock
from kiosk.messages import Trust
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.trust import TRUST

log = logging.getLogger(__name__)

FRESH_S: Final = 600.0


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
