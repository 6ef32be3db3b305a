"""The dates and times that people read: those of China (GB/T 7408), whatever the machine's own zone is set to.

A certificate's last day and a card's are days in China. China has kept UTC+8 without summer time since 1992.
"""

from datetime import date, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))


def china_date(at: datetime) -> date:
    """The day in China at this moment, which must know its zone. Raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("a moment without a zone is on no certain day")
    return at.astimezone(CHINA).date()
