"""The ledger of paper: what it promises, line by line, byte by byte."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.clock import SystemClock
from kiosk.paper.ledger import Ledger, LedgerError, ReprintToken, State, damaged, pages_by_day

DIGEST = "ab" * 32


def opened(folder: Path) -> Ledger:
    return Ledger(folder, SystemClock())


def states(ledger: Ledger) -> list[State]:
    return [issue.state for issue in ledger.issues()]


def written(folder: Path) -> Path:
    (path,) = folder.glob("*.ledger")
    return path


def test_every_step_outlives_the_process(tmp_path: Path) -> None:
    """After each line another process knows the same."""
    ledger = opened(tmp_path)
    token = ledger.issue("household", DIGEST, 2).token
    steps = [
        (lambda: ledger.spooled(token), State.SPOOLED),
        (lambda: ledger.pages_are_out(token, 1), State.PRINTING),
        (lambda: ledger.out(token), State.OUT),
        (lambda: ledger.collected(token), State.COLLECTED),
    ]
    assert opened(tmp_path).issues() == ledger.issues()
    for step, state in steps:
        step()
        assert states(opened(tmp_path)) == [state]
    (issue,) = opened(tmp_path).issues()
    assert (issue.pages_out, issue.pages, issue.kind, issue.digest) == (2, 2, "household", DIGEST)


def test_what_is_unsettled_is_what_somebody_must_ask_about(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    for number, end in enumerate((None, ledger.spooled, ledger.out, ledger.not_out, ledger.uncertain)):
        token = ledger.issue("household", f"{number}", 1).token
        if end is not None:
            end(token)
    assert [issue.digest for issue in opened(tmp_path).unsettled()] == ["0", "1"]


@pytest.mark.parametrize("end", ["out", "uncertain", "spooled", None])
def test_there_is_no_second_original_of_a_document_that_may_be_out(tmp_path: Path, end: str | None) -> None:
    ledger = opened(tmp_path)
    token = ledger.issue("household", DIGEST, 1).token
    if end is not None:
        getattr(ledger, end)(token)
    for knows in (ledger, opened(tmp_path)):
        with pytest.raises(LedgerError, match="no second original"):
            knows.issue("household", DIGEST, 1)


def test_what_certainly_did_not_come_out_may_be_issued_anew(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.not_out(ledger.issue("household", DIGEST, 1).token)
    assert ledger.issue("household", DIGEST, 1).state is State.ISSUED


def test_a_jam_gives_one_more_attempt_at_the_same_issue(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    first = ledger.issue("household", DIGEST, 1)
    ledger.spooled(first.token)
    reprint = ledger.jammed(first.token)
    second = ledger.issue_again(reprint)
    assert second.token == first.token
    assert second.job != first.job
    with pytest.raises(LedgerError):
        ledger.issue_again(reprint)
    ledger.out(second.token)
    with pytest.raises(LedgerError):
        ledger.issue_again(reprint)


def test_nobody_else_makes_a_reprint_token() -> None:
    with pytest.raises(TypeError):
        ReprintToken(object(), "abcd")


def test_after_a_page_came_out_no_jam_gives_a_second_original(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    token = ledger.issue("household", DIGEST, 2).token
    ledger.spooled(token)
    ledger.pages_are_out(token, 1)
    with pytest.raises(LedgerError):
        ledger.jammed(token)


def test_a_power_cut_at_any_byte_loses_at_most_the_last_line(tmp_path: Path) -> None:
    """The file is cut at every byte of its last line; each time the ledger opens, and goes on where it was."""
    ledger = opened(tmp_path)
    token = ledger.issue("household", DIGEST, 1).token
    before = written(tmp_path).read_bytes()
    ledger.spooled(token)
    after = written(tmp_path).read_bytes()
    for cut in range(len(before), len(after) + 1):
        written(tmp_path).write_bytes(after[:cut])
        found = opened(tmp_path)
        assert states(found) == [State.SPOOLED if cut == len(after) else State.ISSUED]
        found.uncertain(token)
        assert states(opened(tmp_path)) == [State.UNCERTAIN]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_found_and_what_can_still_be_read_counts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = opened(folder)
    for number in range(3):
        ledger.spooled(ledger.issue("household", f"{number}", 1).token)
    content = bytearray(written(folder).read_bytes())
    end_of_first_lines = content.rstrip(b"\n").rfind(b"\n")
    at = data.draw(st.integers(0, end_of_first_lines - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    written(folder).write_bytes(content)
    found = opened(folder)
    assert len(damaged(folder)) == 1
    assert len(found.issues()) >= 2
    assert not list(folder.glob("*.ledger"))


def test_a_disk_that_takes_nothing_more_stops_the_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line could not be kept, so what it was to announce must not be done; and no half a line stays."""
    ledger = opened(tmp_path)
    ledger.issue("household", "first", 1)
    before = written(tmp_path).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        ledger.issue("household", "second", 1)
    monkeypatch.undo()
    assert written(tmp_path).read_bytes() == before
    assert len(ledger.issues()) == 1


class Calendar(SystemClock):
    """Any day."""

    def __init__(self, today: datetime) -> None:
        self.today = today

    def now(self) -> datetime:
        return self.today


def test_old_months_are_forgotten_but_nothing_that_is_unsettled_nor_the_newest_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    """C20: kept for as long as a complaint may come."""
    calendar = Calendar(datetime(2026, 1, 15, tzinfo=UTC))
    for month in range(1, 7):
        calendar.today = datetime(2026, month, 15, tzinfo=UTC)
        ledger = Ledger(tmp_path, calendar)
        token = ledger.issue("household", f"digest {month}", 1).token
        if month != 2:
            ledger.out(token)
    assert [issue.digest for issue in Ledger(tmp_path, calendar).issues()] == [
        "digest 2",
        "digest 4",
        "digest 5",
        "digest 6",
    ]
    calendar.today = datetime(2099, 1, 1, tzinfo=UTC)
    assert len(Ledger(tmp_path, calendar).issues()) == 4


def test_pages_are_counted_on_the_day_of_their_last_line(tmp_path: Path) -> None:
    """F01: as they come and as a desk that starts counts them. In China the day changes at four in the afternoon."""
    calendar = Calendar(datetime(2026, 11, 25, 15, 59, tzinfo=UTC))
    ledger = Ledger(tmp_path, calendar)
    for number in range(3):
        token = ledger.issue("household", f"{number}", 2).token
        ledger.pages_are_out(token, 1)
        if number == 1:
            calendar.today = datetime(2026, 11, 25, 16, 1, tzinfo=UTC)
        ledger.out(token)
    assert ledger.pages_out == {date(2026, 11, 25): 2, date(2026, 11, 26): 4}
    for opened_again in (ledger, Ledger(tmp_path, calendar)):
        assert +opened_again.pages_out == pages_by_day(opened_again.issues())
