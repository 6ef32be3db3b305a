"""The boot measurement in the evidence: of a TPM as Linux shows it, and none where there is none."""

import hashlib
from pathlib import Path

from kiosk.boot import measurement


def test_it_is_the_digest_of_eight_registers_in_order(tmp_path: Path) -> None:
    values = [hashlib.sha256(bytes([number])).digest() for number in range(24)]
    for number, value in enumerate(values):
        (tmp_path / str(number)).write_text(value.hex().upper() + "\n")
    assert measurement(tmp_path) == hashlib.sha256(b"".join(values[:8])).hexdigest()


def test_without_a_tpm_there_is_none(tmp_path: Path) -> None:
    assert measurement(tmp_path) is None
    (tmp_path / "0").write_text("not hexadecimal")
    assert measurement(tmp_path) is None
