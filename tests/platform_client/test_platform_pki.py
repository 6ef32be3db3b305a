"""The certificate trees of the sandbox: made once, kept, renewed in time, keys for their owner only (C17)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from platform_client.identity import DeviceIdentity, IdentityError
from platform_client.sandbox.catalogue import AGENCIES
from platform_client.sandbox.pki import make

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.pem")}


def test_a_second_make_changes_no_certificate(tmp_path: Path) -> None:
    make(tmp_path, terminals=["t1"], now=NOW)
    before = contents(tmp_path)
    make(tmp_path, terminals=["t1"], now=NOW + timedelta(days=100))
    assert contents(tmp_path) == before


def test_leaves_are_renewed_a_month_before_they_end_and_authorities_stay(tmp_path: Path) -> None:
    pki = make(tmp_path, terminals=["t1"], now=NOW)
    root, seal = pki.root.certificate.read_bytes(), pki.seal(AGENCIES[0].code).certificate.read_bytes()
    make(tmp_path, terminals=["t1"], now=NOW + timedelta(days=380))
    assert pki.root.certificate.read_bytes() == root
    assert pki.seal(AGENCIES[0].code).certificate.read_bytes() != seal


def test_a_lost_key_and_a_changed_issuer_are_noticed(tmp_path: Path) -> None:
    pki = make(tmp_path, terminals=["t1"], now=NOW)
    pki.kiosk("t1").key.unlink()
    pki.root.certificate.unlink()
    make(tmp_path, terminals=["t1"], now=NOW)
    assert pki.kiosk("t1").key.exists()
    pki.issuing.load_certificate().verify_directly_issued_by(pki.root.load_certificate())
    for agency in AGENCIES:
        pki.seal(agency.code).load_certificate().verify_directly_issued_by(pki.issuing.load_certificate())


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    make(tmp_path / "pki", terminals=["t1"], now=NOW)
    keys = list(tmp_path.rglob("*.key.pem"))
    assert keys and all(key.stat().st_mode & 0o777 == 0o600 for key in keys)
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700


def test_crls_name_the_revoked_seals_and_end(tmp_path: Path) -> None:
    pki = make(tmp_path, terminals=[], now=NOW)
    crl = x509.load_der_x509_crl(pki.crls(NOW)[1])
    for agency in AGENCIES:
        revoked, good = (seal.load_certificate() for seal in (pki.revoked_seal(agency.code), pki.seal(agency.code)))
        assert crl.get_revoked_certificate_by_serial_number(revoked.serial_number) is not None
        assert crl.get_revoked_certificate_by_serial_number(good.serial_number) is None
        assert revoked.subject == good.subject
    assert crl.next_update_utc is not None and crl.next_update_utc - NOW <= timedelta(days=7)


def test_a_device_identity_needs_its_own_files(tmp_path: Path) -> None:
    pki = make(tmp_path, terminals=["t1", "t2"], now=NOW)
    one, two, ca = pki.kiosk("t1"), pki.kiosk("t2"), pki.tls_ca.certificate
    assert DeviceIdentity(one.certificate, one.key, ca).terminal == "t1"
    for certificate, key, authority in (
        (one.certificate, two.key, ca),
        (one.certificate, one.certificate, ca),
        (one.certificate, one.key, one.key),
        (tmp_path / "absent", one.key, ca),
    ):
        with pytest.raises(IdentityError):
            DeviceIdentity(certificate, key, authority)
