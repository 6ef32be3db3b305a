"""Seals by SM2 with SM3: the standard's figures, a chain and a seal made here with the openssl program, and that
nobody believes them unless the profile says so. No seal of a real Chinese authority was at hand."""

import asyncio
import io
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, cms, core, pem, x509
from asn1crypto.algos import DSASignature
from asn1crypto.keys import ECPointBitString, PublicKeyInfo
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore
from sealed_samples import AGENCY, NONCE, Sealer, compose

from kiosk.checks import Check
from kiosk.documents import sm2
from kiosk.documents.verdict import judge
from kiosk.messages import NotVerified, Policy, Trust, Verified, Verify
from kiosk.reasons import Reason

IDENTITY = "distid:1234567812345678"

# GB/T 32918.5-2017, annex A.2 (also GM/T 0003.5): the public key, the message "message digest" and its signature.
KEY_X = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
KEY_Y = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
R = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
S = "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"


def test_the_standards_example() -> None:
    sm2.make_ready()
    algorithm = {"algorithm": "ec", "parameters": ("named", sm2.CURVE)}
    point = ECPointBitString.from_coords(int(KEY_X, 16), int(KEY_Y, 16))
    key = PublicKeyInfo({"algorithm": algorithm, "public_key": point}).dump()
    signature = DSASignature({"r": int(R, 16), "s": int(S, 16)}).dump()
    assert sm2.holds(key, signature, b"message digest")
    assert not sm2.holds(key, signature, b"message digesT")
    assert not sm2.holds(key, DSASignature({"r": int(R, 16), "s": int(S, 16) + 1}).dump(), b"message digest")
    assert not sm2.holds(b"no key", signature, b"message digest")
    assert not sm2.holds(key, b"no signature", b"message digest")


def test_sm3_of_the_standard() -> None:
    """GB/T 32905-2016, annex A.1."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    assert digest.finalize().hex().startswith("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")


class Authority:
    """A root, an agency's seal and its revocation list, all by SM2 with SM3."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("root", "seal"):
            self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", f"{name}.key")
        sign = ("-sm3", "-sigopt", IDENTITY)
        (folder / "root.cnf").write_text(
            "[req]\ndistinguished_name=n\nx509_extensions=e\nutf8=yes\n[n]\n[e]\nbasicConstraints=critical,CA:TRUE\n"
            "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sm3\ndefault_crl_days=7\n"
        )
        (folder / "seal.ext").write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        (folder / "index").touch()
        self._openssl(
            *("req", "-x509", "-new", "-key", "root.key", "-config", "root.cnf", *sign, "-utf8", "-days", "900"),
            *("-subj", "/C=CN/O=Sample/CN=SM2 Root", "-out", "root.pem"),
        )
        self._openssl(
            *("req", "-new", "-key", "seal.key", "-config", "root.cnf", *sign, "-utf8", "-out", "seal.csr"),
            *("-subj", f"/C=CN/O={AGENCY.name.zh}/CN=Seal"),
        )
        self._openssl(
            *("x509", "-req", "-in", "seal.csr", "-vfyopt", IDENTITY, "-CA", "root.pem", "-CAkey", "root.key"),
            *("-set_serial", "7", *sign, "-days", "300", "-extfile", "seal.ext", "-out", "seal.pem"),
        )
        self._openssl(
            *("ca", "-gencrl", "-config", "root.cnf", "-cert", "root.pem", "-keyfile", "root.key"),
            *("-sigopt", IDENTITY, "-out", "crl.pem"),
        )

    @property
    def trust(self) -> Trust:
        return Trust((self._der("root.pem"),), (), (self._der("crl.pem"),))

    def seal(self, pdf: bytes, subfilter: fields.SigSeedSubFilter) -> bytes:
        metadata = PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sm3",
            subfilter=subfilter,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        out = io.BytesIO()
        PdfSigner(metadata, signer=_Signer(self)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
        return out.getvalue()

    def sign(self, data: bytes) -> bytes:
        """SM2 over `data`, DER. The program's `pkeyutl` hashes with the signer's identity, as the standard asks."""
        (self._folder / "data").write_bytes(data)
        self._openssl(
            *("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-inkey", "seal.key", "-in", "data"),
            *("-pkeyopt", IDENTITY, "-out", "signature"),
        )
        return (self._folder / "signature").read_bytes()

    def certificate(self, name: str) -> x509.Certificate:
        return x509.Certificate.load(self._der(name))

    def _der(self, name: str) -> bytes:
        content = (self._folder / name).read_bytes()
        return pem.unarmor(content)[2]

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(("openssl", *words), cwd=self._folder, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr


class _Signer(signers.Signer):
    def __init__(self, authority: Authority) -> None:
        store = SimpleCertificateStore()
        super().__init__(
            signing_cert=authority.certificate("seal.pem"),
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sm2_sm3"}),
        )
        self._authority = authority

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(80) if dry_run else self._authority.sign(data)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    sm2.make_ready()
    return Authority(tmp_path_factory.mktemp("sm2"))


def verdict(authority: Authority, pdf: bytes, *, believed: bool) -> Verified | NotVerified:
    return asyncio.run(judge(Verify(1, pdf, authority.trust, NONCE, Policy(sm2=believed)), datetime.now(UTC)))


@pytest.mark.parametrize("form", [fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED])
def test_believed_only_where_the_profile_says_so(authority: Authority, form: fields.SigSeedSubFilter) -> None:
    sealed = authority.seal(compose(), form)
    answer = verdict(authority, sealed, believed=True)
    assert isinstance(answer, Verified), answer
    assert answer.signer == AGENCY.name.zh
    off = verdict(authority, sealed, believed=False)
    assert isinstance(off, NotVerified)
    assert off.reason is Reason.SEAL_INVALID


def test_one_bit_flipped(authority: Authority) -> None:
    sealed = bytearray(authority.seal(compose(), fields.SigSeedSubFilter.PADES))
    sealed[sealed.index(b"stream") + 40] ^= 1
    answer = verdict(authority, bytes(sealed), believed=True)
    assert isinstance(answer, NotVerified)
    assert answer.failed is Check.UNCHANGED


def test_without_its_revocation_list_it_cannot_be_verified(authority: Authority) -> None:
    sealed = authority.seal(compose(), fields.SigSeedSubFilter.PADES)
    trust = Trust(authority.trust.roots, (), ())
    answer = asyncio.run(judge(Verify(1, sealed, trust, NONCE, Policy(sm2=True)), datetime.now(UTC)))
    assert isinstance(answer, NotVerified)
    assert answer.reason is Reason.SEAL_UNVERIFIABLE


def test_content_types_of_gb_t_35275(authority: Authority) -> None:
    """The same seal with the Chinese numbers for CMS's `data` and `signedData`, under the signature, too."""
    sealed = authority.seal(compose(), fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    found = re.search(rb"/Contents\s*<([0-9A-Fa-f]{64,})>", sealed)
    assert found is not None
    chinese = with_chinese_types(authority, bytes.fromhex(found[1].decode())).hex().encode()
    pdf = sealed[: found.start(1)] + chinese.ljust(len(found[1]), b"0") + sealed[found.end(1) :]
    assert GM_SIGNED_DATA.dump().hex().encode() in pdf
    assert isinstance(answer := verdict(authority, pdf, believed=True), Verified), answer
    assert isinstance(verdict(authority, pdf, believed=False), NotVerified)
    spoilt = bytearray(pdf)
    spoilt[pdf.index(b"stream") + 40] ^= 1
    assert isinstance(verdict(authority, bytes(spoilt), believed=True), NotVerified)


GM_DATA = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.1")
GM_SIGNED_DATA = core.ObjectIdentifier("1.2.156.10197.6.1.4.2.2")


def with_chinese_types(authority: Authority, padded: bytes) -> bytes:
    """The CMS with other content types, signed anew. Its structure is rewritten element by element: asn1crypto knows
    both numbers by one name and would write the other."""
    signed = cms.ContentInfo.load(padded)["content"]
    (signer,) = signed["signer_infos"]
    kept = [attribute for attribute in signer["signed_attrs"] if attribute["type"].native != "content_type"]
    kind = _sequence(core.ObjectIdentifier("1.2.840.113549.1.9.3").dump(), _wrapped(0x31, GM_DATA.dump()))
    attributes = b"".join(sorted([kind, *(attribute.dump() for attribute in kept)]))
    signature = authority.sign(_wrapped(0x31, attributes))
    info = _sequence(
        signer["version"].dump(),
        signer["sid"].dump(),
        signer["digest_algorithm"].dump(),
        _wrapped(0xA0, attributes),
        signer["signature_algorithm"].dump(),
        core.OctetString(signature).dump(),
    )
    certificates = b"".join(certificate.chosen.dump() for certificate in signed["certificates"])
    data = _sequence(
        signed["version"].dump(),
        signed["digest_algorithms"].dump(),
        _sequence(GM_DATA.dump()),
        _wrapped(0xA0, certificates),
        _wrapped(0x31, info),
    )
    return _sequence(GM_SIGNED_DATA.dump(), _wrapped(0xA0, data))


def _sequence(*parts: bytes) -> bytes:
    return _wrapped(0x30, b"".join(parts))


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def test_other_seals_are_believed_as_before(sealer: Sealer, good: bytes) -> None:
    answer: Any = asyncio.run(judge(Verify(1, good, sealer.trust, NONCE, Policy(sm2=True)), sealer.now))
    assert isinstance(answer, Verified), answer
