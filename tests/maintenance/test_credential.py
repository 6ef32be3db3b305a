"""C16: which certificates are let in. RFC 5280, one rule at a time; each is refused by its own name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from hardware.cards.emulator.technicians import TechnicianCa
from kiosk.doctor import technicians
from kiosk.health.findings import Level
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.credential import PURPOSES, NotLetIn, TechnicianTrust, issuers_in
from kiosk.maintenance.pages import Denied
from kiosk.maintenance.plan import Role
from kiosk.profile import Maintenance, Profile

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CA = TechnicianCa(NOW)
PURPOSE = {role: purpose for purpose, role in PURPOSES.items()}
KEY = ec.generate_private_key(ec.SECP256R1())
GOOD = CA.certify(KEY, [PURPOSE[Role.SERVICE]])


def listed(folder: Path, *lists: x509.CertificateRevocationList, encoding: Encoding = Encoding.PEM) -> list[Path]:
    paths = []
    for number, crl in enumerate(lists):
        path = folder / f"{number}.crl"
        path.write_bytes(crl.public_bytes(encoding))
        paths.append(path)
    return paths


@pytest.fixture
def trust(tmp_path: Path) -> TechnicianTrust:
    return TechnicianTrust([CA.certificate], listed(tmp_path, CA.revocation_list()))


def refusal(trust: TechnicianTrust, certificate: x509.Certificate, now: datetime = NOW) -> Denied:
    with pytest.raises(NotLetIn) as denied:
        trust.judge(certificate, now)
    return denied.value.why


@pytest.mark.parametrize("role", Role)
def test_each_role_stands_in_the_certificate(trust: TechnicianTrust, role: Role) -> None:
    other_purpose = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")
    judged = trust.judge(CA.certify(KEY, [other_purpose, PURPOSE[role]]), NOW)
    assert judged.role is role


def test_no_name_is_taken_from_it(trust: TechnicianTrust) -> None:
    """E12: a number and a fingerprint."""
    judged = trust.judge(GOOD, NOW)
    assert int(judged.serial, 16) == GOOD.serial_number
    assert judged.fingerprint == GOOD.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("roles", [[], [Role.SERVICE, Role.AUDITOR]])
def test_one_role_and_no_other_number_of_them(trust: TechnicianTrust, roles: list[Role]) -> None:
    assert refusal(trust, CA.certify(KEY, [PURPOSE[role] for role in roles])) is Denied.NO_ROLE


def test_another_ca_of_the_same_name_is_a_stranger(trust: TechnicianTrust) -> None:
    assert refusal(trust, TechnicianCa(NOW).certify(KEY, [PURPOSE[Role.SERVICE]])) is Denied.ISSUER_UNKNOWN


def test_the_days_count(trust: TechnicianTrust) -> None:
    assert refusal(trust, GOOD, NOW - timedelta(days=30)) is Denied.NOT_YET_VALID
    ended = CA.certify(KEY, [PURPOSE[Role.SERVICE]], lasts=timedelta(seconds=-1))
    assert refusal(trust, ended) is Denied.EXPIRED


def test_a_ca_that_has_ended_lets_nobody_in(trust: TechnicianTrust) -> None:
    assert refusal(trust, GOOD, NOW + timedelta(days=3651)) is Denied.EXPIRED


def test_a_key_must_be_there_to_sign(trust: TechnicianTrust) -> None:
    agreeing = CA.certify(KEY, [PURPOSE[Role.SERVICE]], digital_signature=False)
    assert refusal(trust, agreeing) is Denied.CERTIFICATE_UNFIT


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP384R1())])
def test_a_key_of_another_kind_is_named(trust: TechnicianTrust, key: rsa.RSAPrivateKey) -> None:
    assert refusal(trust, CA.certify(key, [PURPOSE[Role.SERVICE]])) is Denied.KEY_UNSUPPORTED


def test_the_cas_own_certificate_is_no_technician(trust: TechnicianTrust) -> None:
    assert refusal(trust, CA.certificate) is Denied.CERTIFICATE_UNFIT


def test_what_is_critical_and_not_understood_is_refused(trust: TechnicianTrust) -> None:
    """RFC 5280, 4.2."""
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), b"\x05\x00")
    certificate = CA.certify(KEY, [PURPOSE[Role.SERVICE]], also=[strange])
    assert refusal(trust, certificate) is Denied.CERTIFICATE_UNFIT


def test_a_card_that_was_taken_back_is_refused(tmp_path: Path) -> None:
    trust = TechnicianTrust([CA.certificate], listed(tmp_path, CA.revocation_list(GOOD)))
    assert refusal(trust, GOOD) is Denied.REVOKED


def test_the_newest_list_counts_in_either_encoding(tmp_path: Path) -> None:
    older = CA.revocation_list(age=timedelta(days=3))
    lists = listed(tmp_path, older, CA.revocation_list(GOOD), encoding=Encoding.DER)
    assert refusal(TechnicianTrust([CA.certificate], lists), GOOD) is Denied.REVOKED


def test_without_a_list_nobody_is_let_in(tmp_path: Path) -> None:
    """Fail closed: not there, unreadable, another CA's, or another CA's of the same name."""
    garbage = tmp_path / "garbage.crl"
    garbage.write_bytes(b"-----BEGIN X509 CRL-----\nnone\n")
    others = listed(tmp_path, TechnicianCa(NOW).revocation_list(), TechnicianCa(NOW, "Others").revocation_list())
    for paths in ([], [tmp_path / "none.crl"], [garbage], others):
        assert refusal(TechnicianTrust([CA.certificate], paths), GOOD) is Denied.LIST_MISSING


def test_a_stale_list_lets_nobody_in(tmp_path: Path) -> None:
    trust = TechnicianTrust([CA.certificate], listed(tmp_path, CA.revocation_list(lasts=timedelta(seconds=-1))))
    assert refusal(trust, GOOD) is Denied.LIST_STALE


def test_a_list_is_read_anew_for_each_login(tmp_path: Path) -> None:
    trust = TechnicianTrust([CA.certificate], listed(tmp_path, CA.revocation_list()))
    trust.judge(GOOD, NOW)
    listed(tmp_path, CA.revocation_list(GOOD))
    assert refusal(trust, GOOD) is Denied.REVOKED


def test_somebody_is_told_before_nobody_is_let_in(tmp_path: Path) -> None:
    """By `kiosk doctor` and the board: a warning, for citizens are served all the same."""
    ca, crl = CA.publish(tmp_path)
    profile = cast(Profile, SimpleNamespace(maintenance=Maintenance("pcsc://", ca, (crl,))))
    for days, level in ((0, Level.OK), (6, Level.WARN), (8, Level.WARN)):
        (finding,) = technicians.examine(profile, NOW + timedelta(days=days))
        assert finding.level is level
        assert as_line(finding).says.zh.startswith("维护卡：")
    crl.unlink()
    (finding,) = technicians.examine(profile, NOW)
    assert (finding.level, finding.says) == (Level.WARN, "nobody is let in: revocation-list-missing")


def test_only_a_ca_can_be_pinned(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(CA.certificate.public_bytes(Encoding.PEM))
    assert issuers_in(path) == [CA.certificate]
    path.write_bytes(GOOD.public_bytes(Encoding.PEM))
    with pytest.raises(ValueError, match="CA"):
        issuers_in(path)
