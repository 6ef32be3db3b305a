"""Every second of a journey belongs to exactly one owner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.bench.account import Mark, Owner, Span, account

MOMENT = st.floats(0, 100)
SPANS = st.lists(
    st.builds(lambda owner, a, b: Span(owner, min(a, b), max(a, b)), st.sampled_from(list(Owner)[:-1]), MOMENT, MOMENT)
)


def test_what_nobody_else_took_is_ours() -> None:
    marks = [Mark(10.0, "laid"), Mark(11.0, "read"), Mark(14.0, "issued")]
    spans = [Span(Owner.CITIZEN, 10.5, 11.5), Span(Owner.PLATFORM, 12.0, 13.75)]
    journey = account(marks, spans)
    assert [stretch.what for stretch in journey.stretches] == ["read", "issued"]
    assert journey.stretches[0].seconds == pytest.approx(
        {Owner.CITIZEN: 0.5, Owner.READER: 0.0, Owner.PLATFORM: 0.0, Owner.PRINTER: 0.0, Owner.OURS: 0.5}
    )
    assert journey.stretches[1].seconds == pytest.approx(
        {Owner.CITIZEN: 0.5, Owner.READER: 0.0, Owner.PLATFORM: 1.75, Owner.PRINTER: 0.0, Owner.OURS: 0.75}
    )
    assert journey.total(Owner.OURS) == pytest.approx(1.25)
    assert journey.whole == pytest.approx(4.0)


def test_overlapping_spans_are_counted_once_and_the_first_has_the_time() -> None:
    journey = account(
        [Mark(0.0, "began"), Mark(10.0, "ended")], [Span(Owner.PRINTER, 2.0, 6.0), Span(Owner.CITIZEN, 1.0, 4.0)]
    )
    assert journey.total(Owner.CITIZEN) == pytest.approx(3.0)
    assert journey.total(Owner.PRINTER) == pytest.approx(2.0)
    assert journey.total(Owner.OURS) == pytest.approx(5.0)


def test_marks_are_taken_in_order_of_time() -> None:
    journey = account([Mark(3.0, "third"), Mark(1.0, "first"), Mark(2.0, "second")], [])
    assert [stretch.what for stretch in journey.stretches] == ["second", "third"]


@given(st.lists(MOMENT, min_size=2, max_size=20), SPANS)
def test_the_shares_of_every_stretch_are_never_negative_and_add_up(moments: list[float], spans: list[Span]) -> None:
    journey = account([Mark(at, "mark") for at in moments], spans)
    assert journey.whole == pytest.approx(max(moments) - min(moments), abs=1e-6)
    assert all(seconds > -1e-6 for stretch in journey.stretches for seconds in stretch.seconds.values())
