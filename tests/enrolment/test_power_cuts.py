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
