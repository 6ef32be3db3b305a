"""The terminal's day is the day in China, whatever the machine's own zone says."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from kiosk.china_time import china_date

EVENING = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)


def test_in_the_evening_of_london_it_is_tomorrow_in_china() -> None:
    """A certificate whose last day is over in China is not valid for eight more hours."""
    assert china_date(EVENING) == date(2026, 11, 26)
    assert china_date(EVENING.astimezone(timezone(timedelta(hours=-5)))) == date(2026, 11, 26)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        china_date(EVENING.replace(tzinfo=None))
