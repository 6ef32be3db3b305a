"""C17, C18: the seal's own rule, without the inspection in front of it."""

import asyncio
import io
import re
from datetime import timedelta

import asn1crypto.keys
import asn1crypto.x509
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sealed_samples import AGENCY, OTHER_AGENCY, Sealer, compose, replace_struct

from kiosk.checks import Ledger
from kiosk.documents.seal import HoldingSeal, verify_seal
from kiosk.messages import Policy, Trust
from kiosk.reasons import Reason, Refused


def verified(
    sealer: Sealer, pdf: bytes, trust: Trust | None = None, policy: Policy | None = None, later_s: float = 0
) -> HoldingSeal:
    document = PdfFileReader(io.BytesIO(pdf), strict=True)
    at = sealer.now + timedelta(seconds=later_s)
    return asyncio.run(verify_seal(document, pdf, trust or sealer.trust, policy or Policy(), at, Ledger()))


def why(sealer: Sealer, pdf: bytes, trust: Trust | None = None) -> str:
    with pytest.raises(Refused) as refused:
        verified(sealer, pdf, trust)
    expected = Reason.SEAL_UNVERIFIABLE if trust else Reason.SEAL_INVALID
    assert refused.value.reason is expected
    return refused.value.detail


def with_byte_range(pdf: bytes, change: tuple[int, int, int, int]) -> bytes:
    """The same file, every number of the byte range moved by `change`."""
    found = re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)(\s*)\]", pdf)
    assert found is not None
    moved = [int(number) + step for number, step in zip(found.groups()[:4], change, strict=True)]
    text = b"/ByteRange [%d %d %d %d" % tuple(moved)
    room = len(found[0]) - 1
    assert len(text) <= room
    return pdf[: found.start()] + text.ljust(room) + b"]" + pdf[found.end() :]


def test_it_names_the_agency_and_what_it_covers(sealer: Sealer, good: bytes) -> None:
    seal = verified(sealer, good)
    assert (seal.signer, seal.length) == (AGENCY.name.zh, len(good))
    other = verified(sealer, sealer.seal(compose(), OTHER_AGENCY.code))
    assert other.signer == OTHER_AGENCY.name.zh


def test_an_object_appended_without_a_table(sealer: Sealer, good: bytes) -> None:
    """pyHanko calls this unmodified, because the old table of contents, named again, knows nothing of the object."""
    table = good[good.rindex(b"startxref") :]
    assert table.endswith(b"%%EOF\n") or table.endswith(b"%%EOF")
    forged = good + b"\n5 0 obj\n<</Length 6>>stream\nFORGED\nendstream\nendobj\n" + table
    assert why(sealer, forged) == "changed after it was sealed"


def test_no_seal(sealer: Sealer) -> None:
    assert why(sealer, compose()) == "0 seals that can be read"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ((1, 0, 0, 0), "unusual byte range"),
        ((0, 1, 0, 0), "the seal's byte range does not frame the seal"),
        ((0, -1, 0, 0), "the seal's byte range does not frame the seal"),
        ((0, 0, 1, 0), "the seal's byte range does not frame the seal"),
        ((0, 0, 0, 1), "the seal's byte range does not frame the seal"),
        ((0, 0, -1, 0), "the seal's byte range does not frame the seal"),
        ((0, 0, 0, -9), "the bytes are not those that were sealed"),
    ],
)
def test_the_byte_range_frames_the_seal(
    sealer: Sealer, good: bytes, change: tuple[int, int, int, int], detail: str
) -> None:
    assert why(sealer, with_byte_range(good, change)) == detail


def test_no_crl_at_all(sealer: Sealer, good: bytes) -> None:
    assert why(sealer, good, replace_struct(sealer.trust, crls=())) == "no fresh CRL"
    assert why(sealer, good, sealer.stale_trust()) == "no fresh CRL"
    assert why(sealer, good, replace_struct(sealer.trust, crls=sealer.trust.crls[:1])).endswith("on the path")


@pytest.mark.parametrize(
    ("organisations", "detail"),
    [
        ((), "the seal does not name one organisation"),
        ((AGENCY.name.zh, OTHER_AGENCY.name.zh), "the seal does not name one organisation"),
    ],
)
def test_a_seal_of_nobody_or_of_two(sealer: Sealer, organisations: tuple[str, ...], detail: str) -> None:
    assert why(sealer, _sealed_as(sealer, organisations, content_commitment=True)) == detail


def test_a_certificate_that_may_not_seal(sealer: Sealer) -> None:
    """A key for logging in is no seal, whoever issued it (keyUsage without contentCommitment)."""
    assert (
        why(sealer, _sealed_as(sealer, (AGENCY.name.zh,), content_commitment=False)) == "the certificate may not seal"
    )


def _sealed_as(sealer: Sealer, organisations: tuple[str, ...], *, content_commitment: bool) -> bytes:
    """A document sealed with a fresh certificate of the sandbox's issuing CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = sealer.pki.issuing.load_certificate()
    others = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    bits = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    names = [x509.NameAttribute(NameOID.COMMON_NAME, "Seal")]
    names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation) for organisation in organisations]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(sealer.now - timedelta(minutes=5))
        .not_valid_after(sealer.now + timedelta(days=9))
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=content_commitment, **bits), critical=True
        )
        .sign(sealer.pki.issuing.load_key(), hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=asn1crypto.x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1crypto.keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )
    metadata = PdfSignatureMetadata(
        field_name="Seal",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    PdfSigner(metadata, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(compose())), output=out)
    return out.getvalue()
