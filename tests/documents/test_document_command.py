"""What `kiosk document verify` answers about a file."""

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sealed_samples import AGENCY, OTHER_AGENCY, ZHANG, Sealer, compose

from kiosk.__main__ import main
from kiosk.checks import OF_FILE, OF_SEAL, Check
from kiosk.china_time import CHINA
from kiosk.cli.document import _moment


class Command:
    """The command on a file, with the sandbox's certificates in a folder."""

    def __init__(self, sealer: Sealer, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys
        self._trust = sealer.pki.directory / "documents"

    def __call__(self, pdf: bytes, *options: str, trust: Path | None = None) -> tuple[int, dict[str, Any]]:
        file = self._folder / "certificate.pdf"
        file.write_bytes(pdf)
        code = main(["document", "verify", str(file), "--trust", str(trust or self._trust), "--json", *options])
        return code, json.loads(self._capsys.readouterr().out or "{}")


@pytest.fixture
def verify(sealer: Sealer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(sealer, tmp_path, capsys)


def outcome(report: dict[str, Any]) -> dict[str, bool | None]:
    return {row["check"]: row["passed"] for row in report["checks"]}


def test_a_file_with_a_seal_that_holds(verify: Command, good: bytes) -> None:
    code, report = verify(good, "--issuer", AGENCY.name.zh)
    assert (code, report["verdict"], report["signer"], report["pages"]) == (0, "accepted", AGENCY.name.zh, 1)
    due = {check.value for check in (*OF_FILE, *OF_SEAL, Check.AGENCY)} - {Check.TIME_STAMP.value}
    assert outcome(report) == dict.fromkeys(due, True)
    assert all(row["zh"] and row["en"] for row in report["checks"])
    assert ZHANG.number not in json.dumps(report)


def test_of_another_agency(verify: Command, good: bytes) -> None:
    code, report = verify(good, "--issuer", OTHER_AGENCY.name.zh)
    assert (code, report["verdict"], report["code"]) == (1, "refused", "K401")
    assert outcome(report)["agency"] is False


def test_a_file_without_a_seal_says_what_was_still_checked(verify: Command) -> None:
    code, report = verify(compose())
    assert (code, report["verdict"], report["detail"]) == (1, "refused", "0 seals")
    checks = outcome(report)
    assert (checks["paper"], checks["one-seal"], checks["not-revoked"]) == (True, False, None)


def test_the_moment_matters(verify: Command, good: bytes) -> None:
    """C17: a stale revocation list is *cannot verify*, an outcome of its own."""
    later = (datetime.now().astimezone() + timedelta(days=30)).isoformat()
    code, report = verify(good, "--at", later)
    assert (code, report["verdict"], report["code"]) == (2, "cannot verify", "K402")
    assert outcome(report)["not-revoked"] is False


def test_a_moment_without_a_zone_is_one_in_china(monkeypatch: pytest.MonkeyPatch) -> None:
    """GB/T 7408: as every moment of this terminal, whatever the machine's own zone is."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert _moment("2026-11-23T09:00") == datetime(2026, 11, 23, 9, tzinfo=CHINA)
        assert _moment("2026-11-23T09:00Z") == datetime(2026, 11, 23, 17, tzinfo=CHINA)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_file_no_root(sealer: Sealer, good: bytes, verify: Command, tmp_path: Path) -> None:
    assert main(["document", "verify", str(tmp_path / "none.pdf"), "--trust", str(tmp_path)]) == 2
    assert verify(good, trust=tmp_path)[0] == 2


def test_in_plain_words(sealer: Sealer, good: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(good)
    assert main(["document", "verify", str(file), "--trust", str(sealer.pki.directory / "documents")]) == 0
    out = capsys.readouterr().out
    assert "+ 印章证书没有被吊销 · The seal's certificate is not revoked" in out
