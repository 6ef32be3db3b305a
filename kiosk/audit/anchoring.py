"""Having the end of the log remembered by the platform, so that nobody can cut it off behind that (C19).

At each checkpoint, a minute later at most, and at least once a day, when a checkpoint is made for it, the platform is
told number and hash of the newest record, and its anchor is kept beside the log (`anchors.jsonl`, the newest last). A
citizen never waits for that. A platform that says the log was longer once is heard: staff read of it.
"""

import logging
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk import durable, journal
from kiosk.audit.anchor import FILE, Anchor
from kiosk.audit.log import AuditLog
from kiosk.clock import Clock
from kiosk.health.findings import Finding, ok, warn
from kiosk.reasons import Refused, fault
from platform_client.anchor_statement import moment
from platform_client.anchors import Anchored, NotAnchored, anchor
from platform_client.client import PlatformClient
from platform_client.device_key import DeviceKeyError
from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0
AT_LEAST_EVERY: Final = timedelta(days=1)
LATE_AFTER: Final = timedelta(days=2)
KEPT_MOST: Final = 500
"""The newest says all that those before it say, and more; the platform keeps them all."""
_PART: Final = "audit anchor"


class Anchoring:
    """`directory`: of the log. `key`: PEM of the platform's anchor key, Ed25519. `post`: the board that staff read."""

    def __init__(
        self,
        client: PlatformClient,
        identity: DeviceIdentity,
        audit: AuditLog,
        clock: Clock,
        *,
        directory: Path,
        key: Path,
        post: Callable[[Finding], None],
    ) -> None:
        self._client = client
        self._identity = identity
        self._audit = audit
        self._clock = clock
        self._file = directory / FILE
        self._key = key
        self._post = post
        self._checkpoint = 0
        self._since = clock.now()
        self._at: datetime | None = None

    async def keep(self) -> None:
        """For as long as the terminal runs. A fault is one more reason to try again, and not the end of it."""
        while True:
            try:
                if self.is_due:
                    await self.once()
            except Exception as error:
                log.error("fault: %s", fault(error), extra=journal.event(journal.FAULT))
            await self._clock.sleep(LOOK_EVERY_S)

    @property
    def is_due(self) -> bool:
        """Whether there is a checkpoint that is not anchored, or the last anchor is a day old."""
        if self._audit.signed > self._checkpoint:
            return True
        return self._at is not None and self._clock.now() - self._at >= AT_LEAST_EVERY

    async def once(self) -> None:
        """Asks for one anchor. What keeps it away is for staff, and for the next try."""
        try:
            self._audit.checkpoint()
            checkpoint = self._audit.signed
            seq, digest = self._audit.newest
            anchored = await anchor(
                self._client, self._identity, self._public(), seq, digest, self._clock.now().replace(microsecond=0)
            )
            self._write(anchored)
            self._checkpoint, self._at = checkpoint, self._clock.now()
            self._audit.record("audit.anchored", record=seq)
            self._post(ok(_PART, f"the platform remembers record {seq}"))
        except PlatformError as error:
            if error.kind is PlatformFault.REFUSED:
                self._refused(str(error))
            else:
                self._late(str(error))
        except (NotAnchored, DeviceKeyError, OSError, ValueError) as error:
            self._late(str(error))
        except Refused as refused:
            log.warning("the anchor was not recorded: %s", refused.detail)

    def _public(self) -> Ed25519PublicKey:
        """Raises OSError or ValueError."""
        key = load_pem_public_key(self._key.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{self._key}: not an Ed25519 public key")
        return key

    def _refused(self, why: str) -> None:
        """The platform heard us and says no: it remembers more of this log, or another. That is for an auditor to
        judge, and as any break of the log it does not end service."""
        log.error("the platform does not anchor the audit log: %s", why)
        self._post(warn(_PART, f"the platform refuses: {why}", "export the log and let an auditor compare both"))

    def _late(self, why: str) -> None:
        log.warning("the audit log was not anchored: %s", why)
        if self._clock.now() - (self._at or self._since) >= LATE_AFTER:
            self._post(warn(_PART, f"none for two days: {why}", "does the platform offer it, and is the key right?"))

    def _write(self, anchored: Anchored) -> None:
        at = moment(anchored.at)
        told = Anchor(anchored.terminal, anchored.records, anchored.hash, at)
        lines = self._file.read_bytes().splitlines(keepends=True) if self._file.exists() else []
        newest = told.line(b64encode(anchored.signature).decode("ascii"))
        durable.replace(self._file, b"".join([*lines[-KEPT_MOST + 1 :], newest]))
