"""What an entry of the technician's menu may use. No platform call about a person, no document, no citizen."""

from dataclasses import dataclass
from typing import Protocol

from kiosk.audit.record import Field
from kiosk.clock import Clock
from kiosk.profile import Profile


class Audit(Protocol):
    """The terminal's log (kiosk.audit.log)."""

    def record(self, event: str, **fields: Field) -> None: ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """Of a desk that runs, or opened for one command when none does."""

    profile: Profile
    clock: Clock
    audit: Audit
