"""The agent's own audit log: what the fleet asked of this terminal, and what became of it.

It is a chain like the desk's (kiosk.audit), in a folder of the agent's: who acts writes, also while the desk is dead.
`newest` is told to the fleet's server with everything that ends, which keeps it: a chain that was cut off behind that
record no longer agrees with what the server was told.
"""

import logging

from kiosk.audit.log import AuditLog
from kiosk.audit.record import Field
from kiosk.reasons import Refused

log = logging.getLogger(__name__)


class Trail:
    """`audit`: belongs to the agent alone."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    @property
    def newest(self) -> str:
        seq, digest = self._audit.newest
        return f"audit log: {seq} {digest}"

    def record(self, event: str, **fields: Field) -> None:
        """Before something is done. Raises Refused when the disk cannot keep it: then it must not be done."""
        self._audit.record(event, **fields)

    def note(self, event: str, **fields: Field) -> None:
        """After something was done, which a full disk does not undo."""
        try:
            self._audit.record(event, **fields)
        except Refused as refused:
            log.error("%s is not in the audit log: %s", event, refused.detail)
