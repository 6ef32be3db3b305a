"""What `kiosk document verify` answers about a file."""

from datetime import timedelta
from pathlib import Path

import pytest
from sealed_samples import AGENCY, ZHANG, Sealer

from kiosk.cli.document import verify_file


def test_a_file_with_a_seal_that_holds(sealer: Sealer, good: bytes, tmp_path: Path) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(good)
    answer = verify_file(file, sealer.trust, sealer.now)
    assert (answer["seal"], answer["signer"], answer["pages"], answer["numbers"]) == ("holds", AGENCY.name.zh, 1, 1)
    assert ZHANG.number not in repr(answer)


def test_the_moment_matters(sealer: Sealer, good: bytes, tmp_path: Path) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(good)
    answer = verify_file(file, sealer.trust, sealer.now + timedelta(days=30))
    assert (answer["seal"], answer["reason"], answer["code"]) == ("refused", "SEAL_UNVERIFIABLE", "K402")


def test_no_file(sealer: Sealer, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify_file(tmp_path / "none.pdf", sealer.trust, sealer.now)
