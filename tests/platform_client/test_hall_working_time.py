"""When one may come: tomorrow to a week from today, in working time, at the beginning of a slot (B12)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hall_world import MONDAY, china
from hypothesis import given
from hypothesis import strategies as st

from platform_client.sandbox.hall.working_time import SLOT, Calendar, Outside, Session

MORNING, AFTERNOON = Session(time(9), time(12)), Session(time(13, 30), time(17))
CHINA = timedelta(hours=8)

days = st.dates(date(2026, 1, 1), date(2028, 1, 1))
calendars = st.builds(
    Calendar, st.just((MORNING, AFTERNOON)), st.frozensets(days, max_size=40), st.frozensets(days, max_size=40)
)
moments = st.datetimes(datetime(2026, 1, 10), datetime(2027, 12, 1), timezones=st.just(UTC))


def by_hand(calendar: Calendar, begins: datetime, now: datetime) -> bool:
    """The rule once more, in other words: minutes of the day in China."""
    local, today = begins + CHINA, (now + CHINA).date()
    if not 1 <= (local.date() - today).days <= 7:
        return False
    weekend = local.weekday() in (5, 6)
    if local.date() not in calendar.worked and (weekend or local.date() in calendar.closed):
        return False
    minute = local.hour * 60 + local.minute
    return not (local.second or local.microsecond) and minute in {*range(540, 720, 30), *range(810, 1020, 30)}


@given(calendars, moments, st.timedeltas(timedelta(days=-3), timedelta(days=10)))
def test_a_moment_can_be_booked_exactly_when_the_rule_says_so(
    calendar: Calendar, now: datetime, ahead: timedelta
) -> None:
    """B12."""
    assert (calendar.outside(now + ahead, now) is None) == by_hand(calendar, now + ahead, now)


@given(calendars, moments, st.integers(0, 8), st.integers(0, 47))
def test_so_can_each_half_hour(calendar: Calendar, now: datetime, day: int, half_hour: int) -> None:
    """B12: moments that fall on the half hour are rare among all, so they are tried by themselves."""
    midnight = datetime.combine((now + CHINA).date() + timedelta(days=day), time(), UTC) - CHINA
    begins = midnight + half_hour * SLOT
    assert (calendar.outside(begins, now) is None) == by_hand(calendar, begins, now)


@given(calendars, moments)
def test_what_is_shown_can_be_booked_and_nothing_else(calendar: Calendar, now: datetime) -> None:
    """B12: the slots of the seven days are those that the rule lets in, half an hour each, in order, none twice."""
    week = calendar.week_from(now)
    assert [(day - (now + CHINA).date()).days for day in week] == [1, 2, 3, 4, 5, 6, 7]
    shown = [begins for day in week for begins in calendar.slots_of(day)]
    assert all(calendar.outside(begins, now) is None for begins in shown)
    assert all(later - sooner >= SLOT for sooner, later in pairwise(shown))
    assert len(shown) == 13 * sum(calendar.works_on(day) for day in week)


@given(calendars, days, st.integers(1, 60))
def test_so_many_working_days_later_is_a_working_day(calendar: Calendar, day: date, count: int) -> None:
    """B42: counting forward and counting between agree."""
    last = calendar.after_working_days(day, count)
    assert calendar.works_on(last)
    assert calendar.working_days(day + timedelta(days=1), last) == count


@pytest.mark.parametrize(
    ("begins", "why"),
    [
        (china(MONDAY, 9), Outside.TOO_SOON),
        (china(MONDAY, 23), Outside.TOO_SOON),
        (china(MONDAY - timedelta(days=1), 9), Outside.TOO_SOON),
        (china(MONDAY + timedelta(days=1), 9), None),
        (china(MONDAY + timedelta(days=7), 9), None),
        (china(MONDAY + timedelta(days=7), 16, 30), None),
        (china(MONDAY + timedelta(days=8), 9), Outside.TOO_LATE),
        (china(MONDAY + timedelta(days=5), 9), Outside.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=2), 9), Outside.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=6), 9), None),
        (china(MONDAY + timedelta(days=1), 8, 30), Outside.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=1), 12), Outside.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=1), 17), Outside.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=1), 9, 10), Outside.NOT_A_SLOT),
    ],
)
def test_boundaries(begins: datetime, why: Outside | None) -> None:
    """B12: D+1 and D+7 yes, today and D+8 no; Saturday and a holiday no, a Sunday that is worked for it yes."""
    calendar = Calendar(
        (MORNING, AFTERNOON), frozenset({MONDAY + timedelta(days=2)}), frozenset({MONDAY + timedelta(days=6)})
    )
    assert calendar.outside(begins, china(MONDAY, 10)) is why


def test_the_day_is_chinas() -> None:
    """B12: at 18:00 UTC it is tomorrow in China, so the first day to book is the day after."""
    calendar, late = Calendar((MORNING, AFTERNOON)), datetime(2026, 11, 30, 18, tzinfo=UTC)
    assert calendar.week_from(late)[0] == date(2026, 12, 2)
