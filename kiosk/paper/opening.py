"""Opening hours: time in which paper is used, and the way from it to the clock on the wall, and back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Self

from kiosk.china_time import CHINA

WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HORIZON_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """`week`: for each day from Monday on the spans, in order, in which the hall is open, by the clock in China."""

    week: tuple[tuple[tuple[time, time], ...], ...]

    @classmethod
    def of(cls, spans: dict[str, Sequence[str]]) -> Self:
        """From {"monday": ["09:00-12:00", "13:30-17:00"], …}. Raises ValueError with what is wrong."""
        return cls(tuple(tuple(map(_span, spans.get(day, ()))) for day in WEEK))

    def hours_on(self, day: date) -> float:
        """How long it is open on this day."""
        return sum((_at(day, end) - _at(day, start)) / timedelta(hours=1) for start, end in self.week[day.weekday()])

    def after(self, start: datetime, hours: float) -> datetime | None:
        """When, from `start` on, the hall will have been open for so long; None if not within a year."""
        left = timedelta(hours=hours)
        for opens, closes in self._spans_from(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        return None

    def _spans_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        today = start.astimezone(CHINA).date()
        for number in range(_HORIZON_DAYS):
            day = today + timedelta(days=number)
            for opens, closes in self.week[day.weekday()]:
                if _at(day, closes) > start:
                    yield max(_at(day, opens), start), _at(day, closes)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, CHINA)


def _span(text: str) -> tuple[time, time]:
    try:
        opens, closes = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        raise ValueError(f'{text!r} is no span of time: "09:00-17:00"') from None
    if opens >= closes:
        raise ValueError(f"{text!r} ends before it begins")
    return opens, closes
