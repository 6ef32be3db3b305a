"""What the bench counts as the citizen's, the platform's and the printer's time."""

import pytest

from kiosk.bench.account import Mark, Owner
from kiosk.bench.glass import Painted
from kiosk.bench.journey import called, printed, prompted, read
from kiosk.bench.timing import NotMeasured


def face(at: float, prompt: str) -> Painted:
    return Painted(at, "FaceCheck", prompt, {})


def test_a_citizen_needs_time_to_turn_and_to_hold_still_but_no_more() -> None:
    prompts = [
        face(1.0, "look"),
        face(1.2, "look"),
        face(3.0, "turn-left"),
        face(3.3, "back-to-front"),
        Painted(9.0, "Waiting", "", {}),
    ]
    spans = [(span.began, pytest.approx(span.ended)) for span in prompted(prompts)]
    assert spans == [(1.0, 1.4), (3.0, 3.3), (3.3, 4.2)]


def test_the_reader_has_its_interval_and_its_line_but_no_more() -> None:
    """115200 baud, 8N1: 1295 bytes of answer and some around them are 0.11 s."""
    late = [Mark(1.5, "audit: session.began"), Mark(2.0, "audit: card.read")]
    spans = [(span.owner, span.began, span.ended) for span in read(1.0, late)]
    assert spans == [(Owner.READER, 1.0, 1.3), (Owner.READER, 1.5, pytest.approx(1.613, abs=0.003))]
    soon = [Mark(1.1, "audit: session.began"), Mark(1.15, "audit: card.read")]
    assert [(span.began, span.ended) for span in read(1.0, soon)] == [(1.0, 1.1), (1.1, 1.15)]


def test_a_call_lasts_from_its_request_to_its_record() -> None:
    (span,) = called(
        [
            {"event": "card.read", "monotonic": 1.0, "fields": {}},
            {"event": "platform.called", "monotonic": 5.0, "fields": {"operation": "issue", "took_s": 0.75}},
        ]
    )
    assert (span.owner, span.began, span.ended) == (Owner.PLATFORM, 4.25, 5.0)


def test_the_printers_time_needs_the_record_that_it_began() -> None:
    (span,) = printed([Mark(2.0, "audit: print.accepted")], landed=3.5)
    assert (span.owner, span.began, span.ended) == (Owner.PRINTER, 2.0, 3.5)
    with pytest.raises(NotMeasured):
        printed([], landed=3.5)
