"""C17: which algorithms, which form, which time of sealing and which time-stamp count."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import asn1crypto.keys
import asn1crypto.x509
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sealed_samples import AGENCY, Sealer, compose, question

from kiosk.checks import Check
from kiosk.documents.verdict import judge
from kiosk.messages import NotVerified, Policy, Verified
from kiosk.reasons import Reason

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certified(sealer: Sealer, key: PrivateKey, *, stamps: bool = False) -> asn1crypto.x509.Certificate:
    """A certificate of the sandbox's issuing CA for this key, to seal with or to stamp with."""
    issuer = sealer.pki.issuing.load_certificate()
    others = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    bits = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, AGENCY.name.zh),
        x509.NameAttribute(NameOID.COMMON_NAME, "Stamp" if stamps else "Seal"),
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(sealer.now - timedelta(minutes=5))
        .not_valid_after(sealer.now + timedelta(days=9))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **bits), critical=True)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    certificate = builder.sign(sealer.pki.issuing.load_key(), hashes.SHA256())
    return asn1crypto.x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def private(key: PrivateKey) -> asn1crypto.keys.PrivateKeyInfo:
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return asn1crypto.keys.PrivateKeyInfo.load(der)


def sealed(
    sealer: Sealer,
    key: PrivateKey,
    *,
    digest: str = "sha256",
    form: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES,
    stamper: Any = None,
) -> bytes:
    signer = signers.SimpleSigner(
        signing_cert=certified(sealer, key), signing_key=private(key), cert_registry=SimpleCertificateStore()
    )
    metadata = PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm=digest,
        subfilter=form,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    pdf_signer = PdfSigner(metadata, signer=signer, timestamper=stamper)
    pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(compose())), output=out)
    return out.getvalue()


def verdict(
    sealer: Sealer, pdf: bytes, policy: Policy | None = None, later: timedelta = timedelta()
) -> Verified | NotVerified:
    return asyncio.run(judge(question(pdf, sealer.trust, policy), datetime.now(UTC) + later))


def failed(answer: Verified | NotVerified) -> tuple[Check | None, Reason]:
    assert isinstance(answer, NotVerified), answer
    return answer.failed, answer.reason


def test_rsa_of_2048_bits_and_other_curves_count(sealer: Sealer) -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        assert isinstance(verdict(sealer, sealed(sealer, key)), Verified)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())],
    ids=["RSA 1024", "secp256k1"],
)
def test_weak_keys_do_not(sealer: Sealer, key: PrivateKey) -> None:
    assert failed(verdict(sealer, sealed(sealer, key))) == (Check.ALGORITHMS, Reason.SEAL_INVALID)


def test_sha_1_does_not(sealer: Sealer) -> None:
    weak = sealed(sealer, ec.generate_private_key(ec.SECP256R1()), digest="sha1")
    assert failed(verdict(sealer, weak)) == (Check.ALGORITHMS, Reason.SEAL_INVALID)


def test_only_pades(sealer: Sealer) -> None:
    plain = sealed(sealer, ec.generate_private_key(ec.SECP256R1()), form=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    assert failed(verdict(sealer, plain)) == (Check.ONE_SEAL, Reason.SEAL_INVALID)


def test_the_time_of_sealing(sealer: Sealer, good: bytes) -> None:
    policy = Policy(sealed_within_s=600)
    assert isinstance(verdict(sealer, good, policy), Verified)
    late = failed(verdict(sealer, good, policy, timedelta(hours=1)))
    early = failed(verdict(sealer, good, policy, timedelta(minutes=-10)))
    assert late == (Check.SEALED_WHEN, Reason.SEAL_INVALID)
    assert early[1] in (Reason.SEAL_INVALID, Reason.SEAL_UNVERIFIABLE)
    assert isinstance(verdict(sealer, good, Policy(), timedelta(hours=1)), Verified)


def test_a_time_stamp_where_the_kind_asks_for_one(sealer: Sealer, good: bytes) -> None:
    key = rsa.generate_private_key(65537, 2048)
    stamper = timestamps.DummyTimeStamper(
        certified(sealer, key, stamps=True), private(key), certs_to_embed=SimpleCertificateStore()
    )
    asked = Policy(time_stamp=True)
    stamped = sealed(sealer, ec.generate_private_key(ec.SECP256R1()), stamper=stamper)
    answer = verdict(sealer, stamped, asked)
    assert isinstance(answer, Verified), answer
    assert Check.TIME_STAMP in answer.checks
    assert failed(verdict(sealer, good, asked)) == (Check.TIME_STAMP, Reason.SEAL_INVALID)
    unasked = verdict(sealer, stamped)
    assert isinstance(unasked, Verified)
    assert Check.TIME_STAMP not in unasked.checks


def test_a_time_stamp_of_a_stranger(sealer: Sealer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Even where none was asked for: a seal that carries one that does not hold is no whole seal."""
    stranger, key = Sealer(tmp_path_factory.mktemp("stranger")), rsa.generate_private_key(65537, 2048)
    stamper = timestamps.DummyTimeStamper(
        certified(stranger, key, stamps=True), private(key), certs_to_embed=SimpleCertificateStore()
    )
    stamped = sealed(sealer, ec.generate_private_key(ec.SECP256R1()), stamper=stamper)
    for policy in (Policy(), Policy(time_stamp=True)):
        assert failed(verdict(sealer, stamped, policy))[1] is Reason.SEAL_INVALID
