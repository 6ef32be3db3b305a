"""The agent's own audit log: what the fleet asked of this terminal, and what became of it.

It is a chain like the desk's (kiosk.audit), in a folder of the agent's: who acts writes, also while the desk is dead.
Its newest record is left where the desk sees it, and remembers it (kiosk.audit.witness). And `newest` is told to the
fleet's server with everything that ends, which keeps it: a chain that was cut off behind such a record no longer agrees
with what others know.
"""

import logging
from pathlib import Path

from kiosk.audit import witness
from kiosk.audit.log import AuditLog
from kiosk.audit.record import Field
from kiosk.reasons import Refused

log = logging.getLogger(__name__)


class Trail:
    """`audit`: belongs to the agent alone. `seen`: the file in which the desk looks."""

    def __init__(self, audit: AuditLog, seen: Path) -> None:
        self._audit = audit
        self._seen = seen
        self._leave()

    @property
    def newest(self) -> str:
        seq, digest = self._audit.newest
        return f"audit log: {seq} {digest}"

    def record(self, event: str, **fields: Field) -> None:
        """Before something is done. Raises Refused when the disk cannot keep it: then it must not be done."""
        self._audit.record(event, **fields)
        self._leave()

    def note(self, event: str, **fields: Field) -> None:
        """After something was done, which a full disk does not undo."""
        try:
            self.record(event, **fields)
        except Refused as refused:
            log.error("%s is not in the audit log: %s", event, refused.detail)

    def may_have(self, event: str) -> bool:
        """Whether that ever happened; also when nobody can say any more that it did not."""
        return self._audit.may_have(event)

    def _leave(self) -> None:
        """What the desk does not see it does not remember; the record is there all the same."""
        if not self._audit.newest[0]:
            return
        try:
            witness.leave(self._seen, self._audit)
        except OSError as error:
            log.error("the desk does not see the newest record: %s", error.strerror)
