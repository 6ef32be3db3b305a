"""The exit code: every target holds, one is missed, or one could not be measured. Table and JSON say the same."""

import json

import pytest

from kiosk.bench.account import Account, Mark, Owner, Span, account
from kiosk.bench.findings import Findings
from kiosk.bench.screen import Idle
from kiosk.bench.table import as_json, as_text
from kiosk.bench.timing import Row, Times
from kiosk.bench.travel_document import TravelDocuments


def journey(ours_s: float) -> Account:
    return account([Mark(0.0, "laid"), Mark(10.0 + ours_s, "home")], [Span(Owner.CITIZEN, 0.0, 10.0)])


def travel_documents(ratio: float, late_s: float) -> TravelDocuments:
    read = Row("read a passport", Times((ratio,)), Times((1.0,)), "its APDUs")
    notice = Row("notice a passport", Times((0.4, 0.4 + late_s)), Times((0.4, 0.4)), "the service itself")
    return TravelDocuments(by_bac=read, by_pace=read, notice=notice)


def findings(
    *,
    card: float = 1.05,
    passport: float = 1.9,
    late_s: float = 0.2,
    start: float = 1.9,
    frames: int = 0,
    ours_s: float = 1.4,
) -> Findings:
    row = Row("start to first page", Times((start,)), Times((1.0,)), "hello")
    return Findings(
        rows=[row],
        card=Row("read the card", Times((card,)), Times((1.0,)), "the line"),
        travel_documents=travel_documents(passport, late_s),
        start=row,
        idle=[Idle("Home", 12.0, frames)],
        journeys=[journey(ours_s)],
    )


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (findings(), 0),
        (findings(start=2.1), 1),
        (findings(card=1.2), 1),
        (findings(passport=2.1), 1),
        (findings(late_s=0.4), 1),
        (findings(frames=1), 1),
        (findings(ours_s=1.6), 1),
        (Findings(), 2),
    ],
)
def test_the_exit_code_is_the_verdict(found: Findings, code: int) -> None:
    assert found.exit_code == code


def test_what_is_missing_is_never_a_pass_but_a_missed_target_outweighs_it() -> None:
    held, missed = findings(), findings(frames=3)
    held.missing["paper"] = missed.missing["paper"] = "lp ended with 1"
    assert (held.exit_code, missed.exit_code) == (2, 1)


def test_of_several_journeys_the_middle_one_counts() -> None:
    found = findings()
    found.journeys = [journey(9.0), journey(1.0), journey(1.25)]
    assert found.targets[2].found == pytest.approx(1.25)


def test_text_and_json_name_the_targets_and_what_is_missing() -> None:
    found = findings(ours_s=1.6)
    found.missing["paper"] = "lp ended with 1"
    text, data = as_text(found), json.loads(json.dumps(as_json(found)))
    assert "FAIL" in text and "PASS" in text and "lp ended with 1" in text
    assert [target["holds"] for target in data["targets"]] == [True, True, False, True, True, True]
    assert data["rows"][0]["ratio"] == 1.9
    assert data["journeys"][0]["total"]["ours"] == pytest.approx(1.6)
    assert data["not_measured"] == {"paper": "lp ended with 1"}
