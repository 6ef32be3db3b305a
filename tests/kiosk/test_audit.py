"""The tamper-evident log (C19, E12, F06)."""

import json
import resource
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.audit.log import AuditBroken, AuditLog, set_aside, verify
from kiosk.clock import SystemClock


@pytest.fixture
def written(tmp_path: Path) -> Path:
    log = AuditLog(tmp_path, SystemClock(), terminal="T-1", software="0.1.0")
    log.begin_session()
    log.record("print.out", document="ab" * 32, pages=1)
    log.end_session("finished")
    log.close()
    return tmp_path


def lines(directory: Path) -> list[bytes]:
    return (directory / "audit-000001.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(directory: Path, new: list[bytes]) -> None:
    (directory / "audit-000001.jsonl").write_bytes(b"".join(new))


def test_an_untouched_log_holds(written: Path) -> None:
    count, last = verify(written)
    assert count == 4
    assert last == json.loads(lines(written)[-1])["hash"]


def test_a_new_start_goes_on_with_the_chain(written: Path) -> None:
    AuditLog(written, SystemClock(), terminal="T-1", software="0.1.0").close()
    assert verify(written)[0] == 5


def test_a_changed_record_is_named(written: Path) -> None:
    old = lines(written)
    rewrite(written, [*old[:2], old[2].replace(b'"pages":1', b'"pages":2'), *old[3:]])
    with pytest.raises(AuditBroken, match=r"audit-000001\.jsonl:3: was changed"):
        verify(written)


def test_a_missing_record_is_named(written: Path) -> None:
    old = lines(written)
    rewrite(written, old[:1] + old[2:])
    with pytest.raises(AuditBroken, match=":2: record 2 is missing"):
        verify(written)


def test_a_record_put_in_is_named(written: Path) -> None:
    old = lines(written)
    rewrite(written, [*old[:2], old[1], *old[2:]])
    with pytest.raises(AuditBroken):
        verify(written)


def test_a_line_torn_by_a_power_cut_is_set_aside_and_said(written: Path) -> None:
    """The terminal serves again, the broken chain stays as it was, and nobody can overlook it."""
    torn = b"".join(lines(written))[:-30]
    rewrite(written, [torn])
    AuditLog(written, SystemClock(), terminal="T-1", software="0.1.0").close()
    assert (written / "broken-000001" / "audit-000001.jsonl").read_bytes() == torn
    assert verify(written)[0] == 2
    first = json.loads(lines(written)[0])
    assert first["event"] == "audit.broken"
    assert first["fields"] == {"set_aside": "broken-000001", "why": "audit-000001.jsonl:4: not JSON"}
    assert main(["audit", "verify", str(written)]) == 1


def test_a_log_that_was_tampered_with_is_not_continued(written: Path) -> None:
    rewrite(written, lines(written)[1:])
    AuditLog(written, SystemClock(), terminal="T-1", software="0.1.0").close()
    assert [json.loads(line)["seq"] for line in lines(written)] == [1, 2]
    assert set_aside(written) == ["broken-000001"]


def test_a_full_disk_breaks_no_chain(written: Path) -> None:
    """What cannot be kept whole is not kept at all, and what follows still fits."""
    log = AuditLog(written, SystemClock(), terminal="T-1", software="0.1.0")
    size = (written / "audit-000002.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        with pytest.raises(OSError, match=r"space|large"):
            log.record("print.out", pages=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.record("print.out", pages=1)
    log.close()
    assert verify(written)[0] == 6


@pytest.mark.parametrize("text", ["99000119900307123X", "number 990001199003071231.", "张三"])
def test_personal_data_is_refused_before_it_is_written(written: Path, text: str) -> None:
    """C20: a mistake in the code must not put a citizen into the log."""
    before = lines(written)
    log = AuditLog(written, SystemClock(), terminal="T-1", software="0.1.0")
    with pytest.raises(ValueError, match="personal"):
        log.record("card.read", reader=text)
    log.close()
    assert lines(written) == before


def test_what_happens_in_a_session_carries_one_pseudonym(written: Path) -> None:
    sessions = [json.loads(line)["session"] for line in lines(written)]
    assert sessions[0] is None
    assert sessions[1] is not None
    assert sessions[1] == sessions[2] == sessions[3]
