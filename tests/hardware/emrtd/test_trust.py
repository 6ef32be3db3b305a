"""Trust anchors come from files: certificates count because they lie there, master lists because of who signed them."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import ec
from document_samples import TODAY

from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.states import STATES, issued_by
from hardware.cards.emrtd.trust import TrustAnchors, passive_authentication
from hardware.cards.emulator.utopia import Document, State, Traveller, _Authority, issue

ATLANTIS = State(TODAY, name="Atlantis")
UTOPIA = State(TODAY)


@pytest.fixture(scope="module")
def passport(small_portrait: bytes) -> Document:
    return issue(UTOPIA, Traveller(), small_portrait)


def believed(document: Document, trust: TrustAnchors, today: date = TODAY) -> frozenset[int]:
    return frozenset(passive_authentication(document.files[FileId.SOD], trust, today).hashes)


def test_certificates_in_a_folder(tmp_path: Path, passport: Document) -> None:
    (tmp_path / "utopia.der").write_bytes(UTOPIA.certificate)
    (tmp_path / "both.pem").write_bytes(
        pem.armor("CERTIFICATE", ATLANTIS.certificate) + pem.armor("CERTIFICATE", UTOPIA.certificate)
    )
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert (len(trust), trust.refused) == (2, ())
    assert believed(passport, trust) == {1, 2, 11, 12, 14}


def test_a_master_list_of_a_pinned_state_brings_the_others(tmp_path: Path, passport: Document) -> None:
    (tmp_path / "atlantis.cer").write_bytes(ATLANTIS.certificate)
    (tmp_path / "world.ml").write_bytes(ATLANTIS.master_list((UTOPIA.certificate,), TODAY))
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert (len(trust), trust.refused) == (2, ())
    assert believed(passport, trust)


@pytest.mark.parametrize(
    ("signed_on", "read_on", "why"),
    [
        (TODAY, TODAY + timedelta(days=367), "too old"),
        (TODAY + timedelta(days=3), TODAY, "of a day to come"),
        (TODAY, TODAY + timedelta(days=4000), "not valid today"),
    ],
    ids=["stale", "from the future", "signer expired"],
)
def test_a_master_list_out_of_its_time(tmp_path: Path, signed_on: date, read_on: date, why: str) -> None:
    (tmp_path / "atlantis.cer").write_bytes(ATLANTIS.certificate)
    (tmp_path / "world.ml").write_bytes(ATLANTIS.master_list((UTOPIA.certificate,), signed_on))
    trust = TrustAnchors.load(tmp_path, read_on)
    assert len(trust) == 1
    assert [why in refused and refused.startswith("world.ml") for refused in trust.refused] == [True]


def test_a_master_list_that_was_fresh_when_it_was_loaded(tmp_path: Path, passport: Document) -> None:
    (tmp_path / "atlantis.cer").write_bytes(ATLANTIS.certificate)
    (tmp_path / "world.ml").write_bytes(ATLANTIS.master_list((UTOPIA.certificate,), TODAY))
    trust = TrustAnchors.load(tmp_path, TODAY, timedelta(days=30))
    assert believed(passport, trust, TODAY + timedelta(days=30))
    with pytest.raises(EmrtdError, match="too old"):
        believed(passport, trust, TODAY + timedelta(days=31))


def test_a_master_list_that_no_pinned_state_signed(tmp_path: Path) -> None:
    """A list does not vouch for itself, although its own authority is in it."""
    (tmp_path / "world.ml").write_bytes(ATLANTIS.master_list((UTOPIA.certificate,), TODAY))
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert len(trust) == 0
    assert "issued by no country signing CA of ours" in trust.refused[0]


def test_a_document_signer_does_not_sign_master_lists() -> None:
    with pytest.raises(EmrtdError, match="may not sign master lists"):
        TrustAnchors([UTOPIA.certificate]).master_list(UTOPIA.sign("2.23.136.1.1.2", b"\x30\x00"), TODAY)


def test_a_master_list_signer_does_not_sign_documents() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    state = State(TODAY, key=key)
    state._signer = _Authority(key, state._certify(state._name, key, TODAY + timedelta(days=1), lists=True))
    sod = state.security_object({1: b"anything"})
    with pytest.raises(EmrtdError, match="for another purpose"):
        passive_authentication(sod, TrustAnchors([state.certificate]), TODAY)


def test_files_that_are_none_are_named_and_do_not_spoil_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.der").write_bytes(b"")
    (tmp_path / "b.der").write_bytes(b"rubbish")
    (tmp_path / "c.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nrubbish\n")
    (tmp_path / "d.der").write_bytes(UTOPIA.certificate[:-1])
    (tmp_path / "e.der").write_bytes(UTOPIA.certificate)
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert len(trust) == 1
    assert [refused[0] for refused in trust.refused] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("revoked", "why"),
    [
        (UTOPIA.revocation_list(TODAY + timedelta(days=30), signer=True), "is revoked"),
        (UTOPIA.revocation_list(TODAY - timedelta(days=1)), "out of date"),
    ],
    ids=["revoked", "stale list"],
)
def test_a_revocation_list(tmp_path: Path, passport: Document, revoked: bytes, why: str) -> None:
    (tmp_path / "utopia.der").write_bytes(UTOPIA.certificate)
    (tmp_path / "utopia.crl").write_bytes(revoked)
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert trust.refused == ()
    with pytest.raises(EmrtdError, match=why):
        believed(passport, trust)


def test_a_revocation_list_without_the_signer_or_of_another_state(tmp_path: Path, passport: Document) -> None:
    (tmp_path / "utopia.der").write_bytes(UTOPIA.certificate)
    (tmp_path / "utopia.crl").write_bytes(UTOPIA.revocation_list(TODAY))
    (tmp_path / "atlantis.crl").write_bytes(pem.armor("X509 CRL", ATLANTIS.revocation_list(TODAY)))
    trust = TrustAnchors.load(tmp_path, TODAY)
    assert trust.refused == ("atlantis.crl: CRL: made by no country signing CA of ours",)
    assert believed(passport, trust)


def test_an_expired_country_signing_ca(passport: Document) -> None:
    long_lived = State(TODAY, signer_expiry=TODAY + timedelta(days=9000))
    document = issue(long_lived, Traveller(), b"\xff\xd8")
    with pytest.raises(EmrtdError, match="country signing CA: the certificate is not valid today"):
        believed(document, TrustAnchors([long_lived.certificate]), TODAY + timedelta(days=8000))


def test_a_signer_that_was_good_today_is_looked_at_again_tomorrow() -> None:
    """Many documents have one signer; what was found of it holds for a day, and for no other signer."""
    short_lived = State(TODAY, signer_expiry=TODAY)
    trust = TrustAnchors([short_lived.certificate])
    document = issue(short_lived, Traveller(), b"\xff\xd8")
    assert believed(document, trust) == believed(document, trust)
    with pytest.raises(EmrtdError, match="document signer: the certificate is not valid today"):
        believed(document, trust, TODAY + timedelta(days=1))
    with pytest.raises(EmrtdError, match="issued by no country signing CA of ours"):
        believed(issue(ATLANTIS, Traveller(), b"\xff\xd8"), trust)


def test_no_anchor_believes_nothing(passport: Document) -> None:
    with pytest.raises(EmrtdError) as refusal:
        believed(passport, TrustAnchors())
    assert refusal.value.fault is EmrtdFault.NOT_AUTHENTIC


def test_a_signature_for_something_else_is_none(passport: Document) -> None:
    """What a document signer signed as another kind of content is no EF.SOD."""
    sod = b"\x77\x82" + (len(other := UTOPIA.sign("2.23.136.1.1.9", b"x"))).to_bytes(2, "big") + other
    with pytest.raises(EmrtdError, match="another kind"):
        passive_authentication(sod, TrustAnchors([UTOPIA.certificate]), TODAY)


def changed(good: bytes) -> Iterator[bytes]:
    """Every byte changed in turn, by one bit or to naught: a tag, a length or a value that is none."""
    for place, byte in enumerate(good):
        for other in {byte ^ 1 << place % 8, 0} - {byte}:
            yield good[:place] + bytes([other]) + good[place + 1 :]


def test_every_changed_byte_in_the_security_object_is_noticed(passport: Document) -> None:
    """A byte that nobody signs and nobody reads may pass, the hashes may not."""
    trust = TrustAnchors([UTOPIA.certificate])
    sod = passport.files[FileId.SOD]
    hashes = passive_authentication(sod, trust, TODAY).hashes
    for other in changed(sod):
        try:
            assert passive_authentication(other, trust, TODAY).hashes == hashes
        except EmrtdError as refusal:
            assert refusal.fault in (EmrtdFault.NOT_AUTHENTIC, EmrtdFault.PROTOCOL)


def test_no_changed_byte_of_an_imported_file_spoils_the_others(tmp_path: Path) -> None:
    (tmp_path / "utopia.der").write_bytes(UTOPIA.certificate)
    for good in (UTOPIA.revocation_list(TODAY, signer=True), UTOPIA.master_list((ATLANTIS.certificate,), TODAY)):
        for other in changed(good):
            (tmp_path / "world").write_bytes(other)
            trust = TrustAnchors.load(tmp_path, TODAY)
            assert len(trust) <= 2 and all(refused.startswith("world: ") for refused in trust.refused)


@pytest.mark.parametrize(
    ("issuing_state", "country", "may"),
    [
        ("UTO", "ut", True),
        ("D", "DE", True),
        ("GBN", "GB", True),
        ("CHN", "HK", True),
        ("HKG", "CN", False),
        ("UTO", "DE", False),
        ("ZZZ", "ZZ", False),
        ("", "", False),
    ],
)
def test_a_state_signs_its_own_documents(issuing_state: str, country: str, may: bool) -> None:
    assert issued_by(issuing_state, country) is may
    assert len(STATES) == 249 + 12
    assert all(len(two) == 2 for two in STATES.values())
