"""A power cut at any moment leaves a terminal that is nobody, with the same key, or one that is enrolled (E07)."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.enrolment.site import Site
from kiosk.enrolment.stick import FOLDER, Stick
from platform_client.renewal import signing_request
from platform_client.sandbox.pki import SandboxPki


class PowerCut(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def cut_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The power goes before the step-th call that changes the disk; returns how many there were."""
    count = 0

    def before(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                raise PowerCut
            return real(*arguments, **named)

        return call

    for name in ("mkdir", "chmod", "rename", "unlink", "touch", "write_bytes", "write_text"):
        monkeypatch.setattr(Path, name, before(getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", before(os.fsync))
    monkeypatch.setattr(shutil, "rmtree", before(shutil.rmtree))
    return lambda: count


def enrol(site: Site, pki: SandboxPki) -> None:
    """Everything a terminal does to its disk."""
    key = site.device_key(None, "")
    site.audit_key()
    request = x509.load_der_x509_csr(signing_request(x509.Name([]), key))
    site.settle("profile", b"order", {"ca.pem": "ca"}, pki.enrolled(request, "kiosk-1", datetime.now(UTC)))


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """What the disk was told to keep, by its inodes."""
    inodes: set[int] = set()
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        inodes.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return inodes


def test_all_of_it_is_on_the_disk_before_it_counts(
    tmp_path: Path, pki: SandboxPki, monkeypatch: pytest.MonkeyPatch, synced: set[int]
) -> None:
    """What was only written is an empty file after a power cut, and a folder may not know of it."""
    rename, only_written = Path.rename, set()

    def renamed(path: Path, to: Path) -> Path:
        if path.name == "coming":
            only_written.update(each.name for each in (path, *path.rglob("*")) if each.stat().st_ino not in synced)
            synced.clear()
        return rename(path, to)

    monkeypatch.setattr(Path, "rename", renamed)
    enrol(Site(tmp_path), pki)
    assert only_written == set()
    assert tmp_path.stat().st_ino in synced


def test_what_is_left_on_a_stick_is_there_when_it_is_pulled(tmp_path: Path, synced: set[int]) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    Stick(tmp_path).leave(b"request", b"key")
    assert len(list(folder.iterdir())) == 2
    assert {file.stat().st_ino for file in folder.iterdir()} <= synced


def test_what_an_attempt_before_left_is_not_taken_along(tmp_path: Path, pki: SandboxPki) -> None:
    """It came from another order, perhaps, and is not as the last one says: the terminal would be barred."""
    (tmp_path / "coming/masters").mkdir(parents=True)
    for name in ("other.pem", "masters/root.pem"):
        (tmp_path / "coming" / name).write_bytes(b"")
    site = Site(tmp_path)
    enrol(site, pki)
    assert set(site.brought()) == {"profile.toml", "order.jws", "ca.pem"}


def test_at_every_step(tmp_path: Path, pki: SandboxPki, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whole").mkdir()
    with monkeypatch.context() as patched:
        steps = cut_at(-1, patched)
        enrol(Site(tmp_path / "whole"), pki)
        whole = steps()
    assert whole > 30
    fingerprints = []
    for step in range(1, whole + 1):
        where = tmp_path / str(step)
        where.mkdir()
        with monkeypatch.context() as patched, pytest.raises(PowerCut):
            cut_at(step, patched)
            enrol(Site(where), pki)
        site = Site(where)
        held = where / "coming/credentials/platform.key"
        before = held.read_bytes() if held.exists() else None
        if not site.enrolled:
            enrol(site, pki)
        key = site.current / "credentials/platform.key"
        assert before in (None, key.read_bytes()), f"step {step}: its fingerprint changed"
        names = {str(path.relative_to(site.current)) for path in site.current.rglob("*") if path.is_file()}
        assert names == {
            *("profile.toml", "order.jws", "ca.pem", "device/certificate.pem"),
            *("credentials/platform.key", "credentials/audit.key"),
        }, f"step {step}"
        certificate = x509.load_pem_x509_certificate((site.current / "device/certificate.pem").read_bytes())
        fingerprints.append(certificate.public_bytes(Encoding.DER))
    assert len(fingerprints) == whole
