"""When the hall works, which slots a day has, and which days can be booked (B12).

Everything is told in China's time. A slot is half an hour and lies wholly within one session of a day; the first day to
book is tomorrow, the last one a week from today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from platform_client.sandbox.material import CHINA

FIRST_DAY: Final = 1
LAST_DAY: Final = 7
SLOT: Final = timedelta(minutes=30)
_SATURDAY: Final = 5


class Outside(Enum):
    """Why a moment is no slot that can be booked."""

    TOO_SOON = "day-too-soon"
    TOO_LATE = "day-too-late"
    NOT_WORKING_TIME = "not-working-time"
    NOT_A_SLOT = "not-a-slot"


@dataclass(frozen=True, slots=True)
class Session:
    """One stretch of a working day."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Calendar:
    """Monday to Friday but for `closed` days, and Saturdays and Sundays that are `worked` for them."""

    sessions: tuple[Session, ...]
    closed: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.closed)

    def is_open(self, at: datetime) -> bool:
        """Is somebody at the windows at this moment?"""
        local = at.astimezone(CHINA)
        return self.works_on(local.date()) and any(each.opens <= local.time() < each.closes for each in self.sessions)

    def slots_of(self, day: date) -> Iterator[datetime]:
        """Where the slots of a day begin; none on a day without work."""
        if not self.works_on(day):
            return
        for session in self.sessions:
            begins = datetime.combine(day, session.opens, CHINA)
            while begins + SLOT <= datetime.combine(day, session.closes, CHINA):
                yield begins
                begins += SLOT

    def week_from(self, now: datetime) -> tuple[date, ...]:
        """The seven days that can be looked at: tomorrow to a week from today."""
        today = now.astimezone(CHINA).date()
        return tuple(today + timedelta(days=ahead) for ahead in range(FIRST_DAY, LAST_DAY + 1))

    def outside(self, begins: datetime, now: datetime) -> Outside | None:
        """Why `begins` is not a slot that can be booked now; None: it is one."""
        local, week = begins.astimezone(CHINA), self.week_from(now)
        if local.date() < week[0]:
            return Outside.TOO_SOON
        if local.date() > week[-1]:
            return Outside.TOO_LATE
        if not self.is_open(local):
            return Outside.NOT_WORKING_TIME
        return None if local in self.slots_of(local.date()) else Outside.NOT_A_SLOT

    def after_working_days(self, day: date, count: int) -> date:
        """The last of `count` working days that begin on the day after `day`."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.works_on(day)
        return day

    def working_days(self, first: date, last: date) -> int:
        """How many working days lie from `first` to `last`, both included; none when last is before first."""
        span = range(max(0, (last - first).days + 1))
        return sum(self.works_on(first + timedelta(days=each)) for each in span)
