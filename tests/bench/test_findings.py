"""The exit code: every target holds, one is missed, or something could not be measured. Table and JSON say the same."""

import json

import pytest

from kiosk.bench.account import Account, Mark, Owner, Span, account
from kiosk.bench.findings import Findings
from kiosk.bench.play import PARTS
from kiosk.bench.table import as_json, as_text
from kiosk.bench.timing import NotMeasured, Row, Times
from kiosk.cli import bench


def journey(ours_s: float) -> Account:
    return account([Mark(0.0, "laid"), Mark(10.0 + ours_s, "home")], [Span(Owner.CITIZEN, 0.0, 10.0)])


def findings(*found: float) -> Findings:
    """One row, and a target of at most 2 x for each ratio."""
    findings = Findings(rows=[Row("start", Times((1.9,)), Times((1.0,)), "hello")])
    for number, ratio in enumerate(found):
        findings.aim(f"target {number}", ratio, 2.0, "x")
    return findings


def test_the_command_knows_every_part() -> None:
    assert list(bench.PARTS) == list(PARTS)


@pytest.mark.parametrize(
    ("found", "code"),
    [(findings(1.9, 2.0), 0), (findings(1.9, 2.1), 1), (findings(2.1, 1.9), 1), (findings(), 0), (Findings(), 2)],
)
def test_the_exit_code_is_the_verdict(found: Findings, code: int) -> None:
    assert found.exit_code == code


def test_what_is_missing_is_never_a_pass_but_a_missed_target_outweighs_it() -> None:
    held, missed = findings(1.9), findings(2.1)
    held.missing["paper"] = missed.missing["paper"] = "lp ended with 1"
    assert (held.exit_code, missed.exit_code) == (2, 1)


def test_a_target_without_a_floor_is_not_measured() -> None:
    with pytest.raises(NotMeasured):
        findings(1.9).aim("start to first page", None, 2.0, "x")


def test_of_several_journeys_the_middle_one_counts() -> None:
    found = Findings(journeys=[journey(9.0), journey(1.0), journey(1.25)])
    assert found.journey is not None and found.journey.total(Owner.OURS) == pytest.approx(1.25)


def test_text_and_json_name_the_targets_and_what_is_missing() -> None:
    found = findings(1.9, 2.1)
    found.journeys = [journey(1.6)]
    found.missing["paper"] = "lp ended with 1"
    text, data = as_text(found), json.loads(json.dumps(as_json(found)))
    assert "FAIL" in text and "PASS" in text and "lp ended with 1" in text
    assert [target["holds"] for target in data["targets"]] == [True, False]
    assert data["rows"][0]["ratio"] == 1.9
    assert data["journeys"][0]["total"]["ours"] == pytest.approx(1.6)
    assert data["not_measured"] == {"paper": "lp ended with 1"}
