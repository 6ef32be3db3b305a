"""Every documented bad status has a fault and a sentence of its own; an undocumented one is never taken for good."""

import pytest

from hardware.cards.port import CardFault
from hardware.cards.sdt_frame import Answer, Status
from hardware.cards.sdt_refusal import refusal

FAILURES = [status for status in Status if status not in (Status.OK, Status.FOUND)]


@pytest.mark.parametrize("status", FAILURES)
def test_every_failure_has_a_name(status: Status) -> None:
    fault, why = refusal(Answer(status, b""))
    assert isinstance(fault, CardFault)
    assert "undocumented" not in why


def test_no_two_say_the_same() -> None:
    assert len({refusal(Answer(status, b"")) for status in FAILURES}) == len(FAILURES)


@pytest.mark.parametrize("status", [Status.CARD_REJECTS_SAM, Status.SAM_REJECTS_CARD, Status.VERIFY_FAILED])
def test_a_card_and_a_sam_that_do_not_recognise_each_other_are_no_reading_fault(status: Status) -> None:
    assert refusal(Answer(status, b""))[0] is CardFault.NOT_AUTHENTIC


def test_an_undocumented_status_is_unreadable_by_its_number() -> None:
    assert refusal(Answer(0x77, b"")) == (CardFault.UNREADABLE, "undocumented status SW3 77")
