"""The outbox: what the platform would send to a telephone, once for each occasion (B15, B29, B31). Nothing is sent."""

import sqlite3
from datetime import datetime
from enum import Enum

from platform_client.sandbox.hall.store import seconds


class Notice(Enum):
    """The occasions."""

    APPOINTMENT_SOON = "appointment-soon"
    APPLICATION_TAKEN = "application-taken"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPPLEMENT = "supplement"
    DECIDED = "decided"


def post(change: sqlite3.Connection, who: str, notice: Notice, reference: str, at: datetime) -> None:
    """Put a message into the outbox, unless this one is there already."""
    change.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", (who, notice.value, reference, seconds(at)))
