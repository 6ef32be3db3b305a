"""Does the seal hold? One rule, fail closed (PAdES, ETSI EN 319 142-1; X.509 path and CRLs, RFC 5280).

The file carries exactly one signature, and it is a certification signature that permits no change (DocMDP P1, ISO
32000-2, 12.8.2.2). It covers every byte; after it, only what long-term archiving appends (validation data, document
time-stamps) may follow. Its certificate leads to a pinned root, and for every certificate on the way a CRL that is
still fresh says that it is not revoked: without one the answer is *cannot verify*, never *fine*. pyHanko does the
mathematics; this module decides what counts as yes.
"""

import io
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from asn1crypto import algos, cms, crl, keys, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, read_certification_data
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
)
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from kiosk.checks import Check, Ledger
from kiosk.documents import sm2
from kiosk.messages import Policy, Trust
from kiosk.reasons import Reason, Refused

CLOCKS_DIFFER_S: Final = 300
"""How far the clock of whoever seals may be ahead of ours."""
RSA_BITS_LEAST: Final = 2048
_CONTENTS: Final = re.compile(rb"/Contents\s*<((?:[0-9A-Fa-f]{2}){64,})>")
_PADES: Final = "/ETSI.CAdES.detached"
_PLAIN_CMS: Final = "/adbe.pkcs7.detached"
"""What GB/T 35275 seals come as."""
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})


@lru_cache(maxsize=256)
def _prepared(text: str) -> str:
    return str(_prepare(None, text))


# A path compares the same few names some thirty times, and asn1crypto prepares each anew (RFC 4518) for every object
# that holds it: a sixth of the time of a verification. What it makes of a text depends on the text alone.
_prepare: Final = x509.NameTypeAndValue._ldap_string_prep
x509.NameTypeAndValue._ldap_string_prep = lambda _, text: _prepared(text)


class HoldingSeal(NamedTuple):
    """A seal that holds. `signer`: organisation in its certificate. `length`: bytes it covers, from the first."""

    signer: str
    length: int
    sealed_at: datetime


class Anchors(NamedTuple):
    """What is believed, parsed: the costly part of a verification that does not depend on the file."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    crls: tuple[CRLContainer, ...]


@lru_cache(maxsize=2)
def anchors(trust: Trust) -> Anchors:
    """`trust`, parsed once. Raises ValueError or TypeError when it cannot be read."""
    return Anchors(
        tuple(x509.Certificate.load(der, strict=True) for der in trust.roots),
        tuple(x509.Certificate.load(der, strict=True) for der in trust.intermediates),
        tuple(CRLContainer(crl.CertificateList.load(der, strict=True)) for der in trust.crls),
    )


async def make_ready(trust: Trust, policy: Policy, at: datetime) -> None:
    """Does once what does not depend on a file: parses `trust`, and follows its own certificates to the root.

    Raises whatever a trust store raises that is none.
    """
    context = _context(trust, _Strong(policy.sm2), at, Ledger())
    for certificate in anchors(trust).intermediates:
        await CertificateValidator(certificate, validation_context=context).async_validate_path()


async def verify_seal(
    document: PdfFileReader, pdf: bytes, trust: Trust, policy: Policy, at: datetime, ledger: Ledger
) -> HoldingSeal:
    """The only seal of `document`, read from `pdf`, if it holds at the moment `at` (aware). Raises Refused.

    Whatever else a hostile file makes pyHanko raise is the caller's to refuse.
    """
    if policy.sm2:
        sm2.make_ready()
    with ledger.making(Check.ONE_SEAL):
        _read_at_once(document, pdf)
        seal = _only_seal(document)
        length = _covered_length(pdf, seal)
        _refuse_open_certification(seal)
        _refuse_other_form(seal, policy)
    rule = _Strong(policy.sm2)
    context = _context(trust, rule, at, ledger)
    with ledger.making(Check.UNCHANGED):
        if not rule.knows(seal.signer_info, at):
            raise ledger.refusal(Check.ALGORITHMS, Reason.SEAL_INVALID, "weak or unknown algorithm")
        status = await _status(seal, context, rule)
        _refuse_changed(status)
    with ledger.making(Check.ALGORITHMS):
        if not rule.trusts(seal.signer_info, status.signing_cert, at):
            raise Refused(Reason.SEAL_INVALID, "weak or unknown algorithm")
    flaw, refusal = (None, None) if status.trusted else await _distrust(seal, _context(trust, rule, at, ledger))
    for check in (Check.TRUSTED_ROOT, Check.NOT_REVOKED):
        with ledger.making(check):
            if refusal is not None and flaw is check:
                raise refusal
    with ledger.making(Check.MAY_SEAL):
        if refusal is not None:
            raise refusal
        signer = _organisation(status)
    with ledger.making(Check.SEALED_WHEN):
        sealed_at = _sealed_at(status, policy, at)
    if policy.time_stamp:
        with ledger.making(Check.TIME_STAMP):
            stamp = status.timestamp_validity
            if stamp is None or not (stamp.valid and stamp.trusted):
                raise Refused(Reason.SEAL_INVALID, "no time-stamp, or one that does not hold")
    return HoldingSeal(signer, length, sealed_at)


def _read_at_once(document: PdfFileReader, pdf: bytes) -> None:
    """Hands pyHanko the object with the seal, which it would read digit by digit: a sixth of its time for a file.

    Everything but the digits is read by pyHanko. Whether they are what stands in the file, `_covered_length` compares.
    """
    digits = _CONTENTS.search(pdf)
    if digits is None:
        return
    for revision in range(document.xrefs.total_revisions):
        for number, (generation, offset) in document.xrefs.get_xref_data(revision).standard_xrefs.items():
            end = pdf.find(b"endobj", offset)
            if not offset < digits.start() < digits.end() < end:
                continue
            reference = generic.Reference(number, generation, document)
            if document.xrefs[reference] != offset:
                continue
            begin = offset + len(b"%d %d obj" % (number, generation))
            short = pdf[begin : digits.start(1)] + b"00" + pdf[digits.end(1) : end]
            item = generic.read_object(io.BytesIO(short.lstrip()), reference)
            if isinstance(item, generic.DictionaryObject) and "/Contents" in item:
                item["/Contents"] = generic.ByteStringObject(bytes.fromhex(digits[1].decode()))
                document.cache_indirect_object(generation, number, item)  # type: ignore[no-untyped-call]


def _only_seal(document: PdfFileReader) -> EmbeddedPdfSignature:
    seals = document.embedded_regular_signatures
    if len(seals) != 1:
        raise Refused(Reason.SEAL_INVALID, f"{len(seals)} seals that can be read")
    seal: EmbeddedPdfSignature = seals[0]
    return seal


def _covered_length(pdf: bytes, seal: EmbeddedPdfSignature) -> int:
    """Where the signed bytes end. Their one hole must be the signature itself.

    pyHanko compares lengths; the bytes in the hole are looked at here.
    """
    offsets = [int(number) for number in seal.byte_range]
    if len(offsets) != 4 or offsets[0] != 0:
        raise Refused(Reason.SEAL_INVALID, "unusual byte range")
    _, before, resume, after = offsets
    hole = pdf[before:resume]
    if not (0 < before < resume <= resume + after <= len(pdf)) or hole != b"<" + hole[1:-1] + b">":
        raise Refused(Reason.SEAL_INVALID, "the seal's byte range does not frame the seal")
    signature = cms.ContentInfo.load(seal.pkcs7_content).dump()
    # What is left of the room kept for the signature is in nobody's digest, so it must be empty.
    if hole[1:-1].lower() != signature.hex().encode().ljust(len(hole) - 2, b"0"):
        raise Refused(Reason.SEAL_INVALID, "the seal's byte range frames something else")
    return resume + after


def _refuse_open_certification(seal: EmbeddedPdfSignature) -> None:
    certification = read_certification_data(seal.reader)
    if certification is None or certification.author_sig is not seal.sig_object:
        raise Refused(Reason.SEAL_INVALID, "not a certification signature")
    if certification.permission is not MDPPerm.NO_CHANGES or seal.docmdp_level is not MDPPerm.NO_CHANGES:
        raise Refused(Reason.SEAL_INVALID, "the seal permits changes")


def _refuse_other_form(seal: EmbeddedPdfSignature, policy: Policy) -> None:
    """PAdES baseline (EN 319 142-1, 6.3): CAdES, detached, one signer, who names the certificate under the signature.

    Seals of GB/T 35275 are plain CMS with the same signed attributes but that one.
    """
    attributes = {attribute["type"].native for attribute in seal.signer_info["signed_attrs"]}
    form = seal.sig_object.get_and_apply("/SubFilter", str)
    if len(seal.signed_data["signer_infos"]) != 1 or not {"content_type", "message_digest"} <= attributes:
        raise Refused(Reason.SEAL_INVALID, "not one signer with signed attributes")
    chinese = policy.sm2 and form == _PLAIN_CMS and seal.md_algorithm == sm2.DIGEST
    if not chinese and (form != _PADES or "signing_certificate_v2" not in attributes):
        raise Refused(Reason.SEAL_INVALID, "not a PAdES baseline seal")


class _Strong(CMSAlgorithmUsagePolicy):
    """The algorithms that count, and no others (ETSI TS 119 312): no SHA-1, RSA of 2048 bits, curves of NIST."""

    def __init__(self, with_sm2: bool) -> None:
        self._digests = _DIGESTS | {sm2.DIGEST} if with_sm2 else _DIGESTS
        self.with_sm2 = with_sm2

    def digest_algorithm_allowed(
        self, algo: algos.DigestAlgorithm, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        return AlgorithmUsageConstraint(algo["algorithm"].native in self._digests)

    def signature_algorithm_allowed(
        self, algo: algos.SignedDigestAlgorithm, moment: datetime | None, public_key: keys.PublicKeyInfo | None
    ) -> AlgorithmUsageConstraint:
        name = algo["algorithm"].native
        if name in sm2.SIGNATURES:
            return AlgorithmUsageConstraint(self.with_sm2 and (public_key is None or _curve(public_key) == sm2.CURVE))
        family = algo.signature_algo
        strong = family in ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa") and (
            # A bare `rsaEncryption` names no digest: that of the signer info counts, and is looked at by itself.
            name == "rsassa_pkcs1v15" or algo.hash_algo in _DIGESTS
        )
        return AlgorithmUsageConstraint(strong and (public_key is None or _is_strong(public_key, family)))

    def knows(self, signer: cms.SignerInfo, at: datetime) -> bool:
        """Digest and signature of this signer are among the strong ones, whatever the key."""
        return bool(
            self.digest_algorithm_allowed(signer["digest_algorithm"], at)
            and self.signature_algorithm_allowed(signer["signature_algorithm"], at, None)
        )

    def trusts(self, signer: cms.SignerInfo, certificate: x509.Certificate, at: datetime) -> bool:
        """And so are the key, and what its certificate was signed with."""
        return bool(
            self.signature_algorithm_allowed(signer["signature_algorithm"], at, certificate.public_key)
            and self.signature_algorithm_allowed(certificate["signature_algorithm"], at, None)
        )

    def digest_combination_allowed(
        self, signature_algo: algos.SignedDigestAlgorithm, message_digest_algo: algos.DigestAlgorithm, moment: Any
    ) -> AlgorithmUsageConstraint:
        if signature_algo["algorithm"].native in sm2.SIGNATURES:
            return AlgorithmUsageConstraint(message_digest_algo["algorithm"].native == sm2.DIGEST)
        return super().digest_combination_allowed(signature_algo, message_digest_algo, moment)


def _is_strong(key: keys.PublicKeyInfo, family: str) -> bool:
    if family == "ecdsa":
        return key.algorithm == "ec" and _curve(key) in _CURVES
    return key.algorithm in ("rsa", "rsassa_pss") and key.bit_size >= RSA_BITS_LEAST


def _curve(key: keys.PublicKeyInfo) -> str | None:
    kind, name = key.curve if key.algorithm == "ec" else (None, None)
    return str(name) if kind == "named" else None


def _context(trust: Trust, rule: _Strong, at: datetime, ledger: Ledger) -> ValidationContext:
    try:
        believed = anchors(trust)
        fresh = [listed for listed in believed.crls if _is_fresh(listed, at)]
    except (ValueError, TypeError):
        raise ledger.refusal(Check.TRUSTED_ROOT, Reason.SEAL_UNVERIFIABLE, "the trust store cannot be read") from None
    if not believed.roots:
        # Given no root, pyHanko would believe the operating system's.
        raise ledger.refusal(Check.TRUSTED_ROOT, Reason.SEAL_UNVERIFIABLE, "no pinned root")
    if not fresh:
        raise ledger.refusal(Check.NOT_REVOKED, Reason.SEAL_UNVERIFIABLE, "no fresh CRL")
    return ValidationContext(
        trust_roots=believed.roots,
        other_certs=believed.intermediates,
        crls=fresh,
        moment=at,
        revocation_mode="hard-fail",
        allow_fetching=False,
        algorithm_usage_policy=rule,
        signature_validator=sm2.Sm2Validator() if rule.with_sm2 else None,
    )


def _is_fresh(listed: CRLContainer, at: datetime) -> bool:
    """A CRL without an end counts as stale."""
    dates = listed.crl_data["tbs_cert_list"]
    since, until = dates["this_update"].native, dates["next_update"].native
    return until is not None and since <= at <= until


async def _status(seal: EmbeddedPdfSignature, context: ValidationContext, rule: _Strong) -> PdfSignatureStatus:
    """What `async_validate_pdf_signature` does, but for attribute certificates and seed values, which no seal of ours
    has: it would take the certificates out of the signature once more for them."""
    seal.compute_integrity_info()  # type: ignore[no-untyped-call]
    facts = seal.summarise_integrity_info()
    times = generic_cms.collect_timing_info(
        seal.signer_info, context, raw_digest=seal.compute_digest, algorithm_policy=rule
    )
    facts.update(await times)
    facts.setdefault("signer_reported_dt", seal.self_reported_timestamp)
    facts = await generic_cms.cms_basic_validation(
        seal.signed_data,
        raw_digest=seal.compute_digest(),
        validation_context=context,
        status_kwargs=facts,
        key_usage_settings=PdfSignatureStatus.default_usage_constraints(),
        algorithm_policy=rule,
    )
    return PdfSignatureStatus(**facts, has_seed_values=False)


def _refuse_changed(status: PdfSignatureStatus) -> None:
    if not (status.intact and status.valid):
        raise Refused(Reason.SEAL_INVALID, "the bytes are not those that were sealed")
    changes = status.modification_level
    whole = changes is ModificationLevel.NONE and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    if not (whole or changes is ModificationLevel.LTA_UPDATES):
        raise Refused(Reason.SEAL_INVALID, "changed after it was sealed")


async def _distrust(seal: EmbeddedPdfSignature, context: ValidationContext) -> tuple[Check, Refused]:
    """Why the certificate is not trusted: pyHanko's status folds a missing CRL and a broken path into one word."""
    try:
        validator = CertificateValidator(seal.signer_cert, seal.other_embedded_certs, validation_context=context)
        await validator.async_validate_path()
    except InsufficientRevinfoError:
        missing = "no fresh CRL for a certificate on the path"
        return Check.NOT_REVOKED, Refused(Reason.SEAL_UNVERIFIABLE, missing)
    except RevokedError:
        return Check.NOT_REVOKED, Refused(Reason.SEAL_INVALID, "revoked")
    except (ExpiredError, NotYetValidError):
        return Check.TRUSTED_ROOT, Refused(Reason.SEAL_INVALID, "outside the validity of a certificate")
    except PathBuildingError:
        return Check.TRUSTED_ROOT, Refused(Reason.SEAL_INVALID, "not under a pinned root")
    except DisallowedAlgorithmError:
        return Check.TRUSTED_ROOT, Refused(Reason.SEAL_INVALID, "weak or unknown algorithm on the path")
    return Check.MAY_SEAL, Refused(Reason.SEAL_INVALID, "the certificate may not seal")


def _organisation(status: PdfSignatureStatus) -> str:
    """The one organisation in the certificate."""
    if not status.bottom_line:
        raise Refused(Reason.SEAL_INVALID, "the seal breaks a rule of its own")
    organisation = status.signing_cert.subject.native.get("organization_name")
    if not isinstance(organisation, str) or not organisation:
        raise Refused(Reason.SEAL_INVALID, "the seal does not name one organisation")
    return organisation


def _sealed_at(status: PdfSignatureStatus, policy: Policy, at: datetime) -> datetime:
    """When it was sealed: as its time-stamp says, else as whoever sealed it says."""
    stamp = status.timestamp_validity
    sealed_at: datetime | None = status.signer_reported_dt if stamp is None else stamp.timestamp
    if sealed_at is None or sealed_at.tzinfo is None:
        raise Refused(Reason.SEAL_INVALID, "it does not say when it was sealed")
    if sealed_at > at + timedelta(seconds=CLOCKS_DIFFER_S):
        raise Refused(Reason.SEAL_INVALID, "sealed in the future")
    if policy.sealed_within_s is not None and sealed_at < at - timedelta(seconds=policy.sealed_within_s):
        raise Refused(Reason.SEAL_INVALID, "sealed too long ago")
    valid = status.signing_cert["tbs_certificate"]["validity"]
    if not valid["not_before"].native <= sealed_at + timedelta(seconds=CLOCKS_DIFFER_S):
        raise Refused(Reason.SEAL_INVALID, "sealed before its certificate was valid")
    return sealed_at
