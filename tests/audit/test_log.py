"""Writing the tamper-evident log: power cuts, full disks, restarts (C19, E12, F06)."""

import json
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.audit import log as module
from kiosk.audit.chain import verify
from kiosk.audit.checkpoint import KeyFile, KeyUnusable, PublicKey
from kiosk.audit.log import AuditLog, set_aside
from kiosk.audit.reserve import Reserve
from kiosk.clock import SystemClock
from kiosk.reasons import Reason, Refused


def opened(directory: Path, key: KeyFile | None = None) -> AuditLog:
    return AuditLog(directory, SystemClock(), terminal="T-1", software="0.1.0", signer=key)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    log = opened(tmp_path)
    log.begin_session()
    log.record("print.out", document="ab" * 32, pages=1)
    log.end_session("finished")
    log.close()
    return tmp_path


def lines(directory: Path, number: int = 1) -> list[bytes]:
    return (directory / f"audit-{number:06d}.jsonl").read_bytes().splitlines(keepends=True)


def rewrite(directory: Path, new: list[bytes]) -> None:
    (directory / "audit-000001.jsonl").write_bytes(b"".join(new))


def events(directory: Path, number: int = 1) -> list[str]:
    return [json.loads(line)["event"] for line in lines(directory, number)]


def test_a_new_start_goes_on_with_the_chain(written: Path) -> None:
    opened(written).close()
    opened(written).close()
    assert verify(written).records == 6
    assert events(written, 3) == ["desk.started"]


def test_a_line_torn_by_a_power_cut_is_set_aside_and_the_chain_goes_on(written: Path) -> None:
    """The torn record was never acknowledged: nothing that relied on it has happened."""
    whole = lines(written)
    rewrite(written, [*whole[:3], whole[3][:-30]])
    opened(written).close()
    assert (written / "torn-000001").read_bytes() == whole[3][:-30]
    assert verify(written).records == 5
    assert events(written, 2) == ["audit.torn", "desk.started"]
    assert set_aside(written) == []


def test_a_file_that_nothing_was_written_to_ends_no_chain(written: Path) -> None:
    (written / "audit-000002.jsonl").touch()
    opened(written).close()
    assert verify(written).records == 5
    assert events(written, 3) == ["desk.started"]


def test_a_log_that_was_tampered_with_is_neither_continued_nor_mended(written: Path) -> None:
    """The terminal serves again, the broken chain stays as it was, and nobody can overlook it."""
    rest = lines(written)[1:]
    rewrite(written, rest)
    opened(written).close()
    assert (written / "broken-000001" / "audit-000001.jsonl").read_bytes() == b"".join(rest)
    assert [json.loads(line)["seq"] for line in lines(written)] == [1, 2]
    first = json.loads(lines(written)[0])
    assert first["event"] == "audit.broken"
    assert first["fields"] == {"set_aside": "broken-000001", "why": "audit-000001.jsonl:1: record 1 is missing"}


def test_only_a_chain_that_holds_says_that_something_never_happened(written: Path) -> None:
    """E07: what else would be done twice."""
    log, whole = opened(written), lines(written)
    assert log.may_have("print.out") and not log.may_have("print.jammed")
    rewrite(written, [*whole[:2], *whole[3:]])
    assert log.may_have("print.jammed")
    rewrite(written, whole)
    (written / "broken-000001").mkdir()
    assert log.may_have("print.jammed")
    log.close()


def test_a_file_that_has_grown_is_closed_and_the_next_one_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 2000)
    log = opened(tmp_path)
    for number in range(40):
        log.record("supplies.counted", sheets=number)
    log.close()
    files = sorted(tmp_path.glob("audit-*"))
    assert len(files) > 5
    assert all(path.stat().st_size <= 2000 for path in files)
    assert verify(tmp_path).records == 41


def test_checkpoints_are_never_far_apart_and_end_every_session(tmp_path: Path) -> None:
    key = KeyFile.create(tmp_path / "audit.key")
    log = opened(tmp_path, key)
    for _ in range(200):
        log.record("supplies.counted", sheets=1)
    log.begin_session()
    log.end_session("finished")
    log.close()
    chain = verify(tmp_path, PublicKey(key.public_pem()))
    assert chain.signed == chain.records
    assert events(tmp_path).count("audit.checkpoint") == 6
    opened(tmp_path, KeyFile(str(tmp_path / "audit.key"))).close()
    assert verify(tmp_path, PublicKey(key.public_pem())).signed == chain.records + 3


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    """C20"""
    path = tmp_path / "audit.key"
    KeyFile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="others can read it"):
        KeyFile(str(path))
    with pytest.raises(KeyUnusable, match="No such file"):
        KeyFile(str(tmp_path / "other.key"))
    with pytest.raises(FileExistsError):
        KeyFile.create(path)


def test_what_is_not_kept_whole_is_not_kept_at_all(written: Path) -> None:
    log = opened(written)
    Reserve(written).give_up()
    size = (written / "audit-000002.jsonl").stat().st_size
    with limited_files(size + 10), pytest.raises(Refused) as refused:
        log.record("print.out", pages=1)
    assert refused.value.reason is Reason.AUDIT_FULL
    log.record("print.out", pages=1)
    log.close()
    assert verify(written).records == 6


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KiB. Only root can mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(tmp_path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no mount: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_ends_service_but_not_the_session_nor_the_chain(disk: Path) -> None:
    """C19: what happens to the citizen who is being served is recorded to its end."""
    log = opened(disk)
    assert log.trouble is None
    log.begin_session()
    fill(disk)
    for _ in range(30):
        log.record("platform.called", operation="issue", outcome="ok")
    log.end_session("finished")
    assert log.trouble is Reason.AUDIT_FULL
    (disk / "filler").unlink()
    assert log.trouble is None
    log.close()
    verify(disk)
    assert events(disk)[-2:] == ["session.ended", "audit.room"]


def test_a_terminal_whose_disk_is_full_at_the_start_says_so_and_begins_when_there_is_room(disk: Path) -> None:
    fill(disk)
    log = opened(disk)
    assert log.trouble is Reason.AUDIT_FULL
    with pytest.raises(Refused):
        log.begin_session()
    (disk / "filler").unlink()
    assert log.trouble is None
    log.close()
    assert events(disk) == ["desk.started"]


def fill(disk: Path) -> None:
    """To the last block."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1024)):
                pass
        except OSError:
            return


@pytest.mark.parametrize("text", ["99000119900307123X", "number 990001199003071231.", "张三"])
def test_personal_data_is_refused_before_it_is_written(written: Path, text: str) -> None:
    """C20: a mistake in the code must not put a citizen into the log."""
    before = lines(written)
    log = opened(written)
    with pytest.raises(ValueError, match="personal"):
        log.record("card.read", reader=text)
    log.close()
    assert lines(written) == before


def test_what_happens_in_a_session_carries_one_pseudonym(written: Path) -> None:
    """E12"""
    sessions = [json.loads(line)["session"] for line in lines(written)]
    assert sessions[0] is None
    assert sessions[1] is not None
    assert sessions[1] == sessions[2] == sessions[3]
