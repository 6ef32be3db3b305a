"""Does the seal hold? One rule, fail closed (PAdES, ETSI EN 319 142-1; X.509 path and CRLs, RFC 5280).

The file carries exactly one signature, and it is a certification signature that permits no change (DocMDP P1, ISO
32000-2, 12.8.2.2). It covers every byte; after it, only what long-term archiving appends (validation data, document
time-stamps) may follow. Its certificate leads to a pinned root, and for every certificate on the way a CRL that is
still fresh says that it is not revoked: without one the answer is *cannot verify*, never *fine*. pyHanko does the
mathematics; this module decides what counts as yes.
"""

import io
from datetime import datetime
from typing import Final, NamedTuple

from asn1crypto import cms, crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, read_certification_data
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
)

from kiosk.messages import Trust
from kiosk.reasons import Reason, Refused

_END_OF_FILE: Final = b"%%EOF"


class HoldingSeal(NamedTuple):
    """A seal that holds. `signer`: organisation in its certificate. `length`: bytes it covers, from the first."""

    signer: str
    length: int


async def verify_seal(pdf: bytes, trust: Trust, at: datetime) -> HoldingSeal:
    """The seal, if it holds at the moment `at` (aware). Raises Refused.

    Whatever else a hostile file makes pyHanko raise is the caller's to refuse.
    """
    if not pdf.rstrip(b"\r\n").endswith(_END_OF_FILE):
        raise Refused(Reason.SEAL_INVALID, "bytes after the end of the file")
    seal = _only_seal(pdf)
    length = _covered_length(pdf, seal)
    _refuse_open_certification(seal)
    try:
        context = _context(trust, at)
    except (ValueError, TypeError):
        raise Refused(Reason.SEAL_UNVERIFIABLE, "the trust store cannot be read") from None
    status = await async_validate_pdf_signature(seal, context, context)
    if not (status.intact and status.valid):
        raise Refused(Reason.SEAL_INVALID, "the bytes are not those that were sealed")
    changes = status.modification_level
    whole = changes is ModificationLevel.NONE and status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    if not (whole or changes is ModificationLevel.LTA_UPDATES):
        raise Refused(Reason.SEAL_INVALID, "changed after it was sealed")
    if not status.trusted:
        raise await _distrust(seal, _context(trust, at))
    if not status.bottom_line:
        raise Refused(Reason.SEAL_INVALID, "the seal breaks a rule of its own")
    return HoldingSeal(_organisation(status.signing_cert), length)


def _only_seal(pdf: bytes) -> EmbeddedPdfSignature:
    # Strict: hybrid and repaired cross-reference tables show different files to different readers.
    document = PdfFileReader(io.BytesIO(pdf), strict=True)
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


def _context(trust: Trust, at: datetime) -> ValidationContext:
    if not trust.roots:
        # Given no root, pyHanko would believe the operating system's.
        raise Refused(Reason.SEAL_UNVERIFIABLE, "no pinned root")
    crls = [der for der in trust.crls if _is_fresh(der, at)]
    if not crls:
        raise Refused(Reason.SEAL_UNVERIFIABLE, "no fresh CRL")
    return ValidationContext(
        trust_roots=[x509.Certificate.load(der, strict=True) for der in trust.roots],
        other_certs=[x509.Certificate.load(der, strict=True) for der in trust.intermediates],
        crls=crls,
        moment=at,
        revocation_mode="hard-fail",
        allow_fetching=False,
    )


def _is_fresh(der: bytes, at: datetime) -> bool:
    """A CRL without an end counts as stale."""
    listed = crl.CertificateList.load(der, strict=True)["tbs_cert_list"]
    since, until = listed["this_update"].native, listed["next_update"].native
    return until is not None and since <= at <= until


async def _distrust(seal: EmbeddedPdfSignature, context: ValidationContext) -> Refused:
    """Why the certificate is not trusted: pyHanko's status folds a missing CRL and a broken path into one word."""
    try:
        validator = CertificateValidator(seal.signer_cert, seal.other_embedded_certs, validation_context=context)
        await validator.async_validate_path()
    except InsufficientRevinfoError:
        return Refused(Reason.SEAL_UNVERIFIABLE, "no fresh CRL for a certificate on the path")
    except RevokedError:
        return Refused(Reason.SEAL_INVALID, "revoked")
    except (ExpiredError, NotYetValidError):
        return Refused(Reason.SEAL_INVALID, "outside the validity of a certificate")
    except PathBuildingError:
        return Refused(Reason.SEAL_INVALID, "not under a pinned root")
    return Refused(Reason.SEAL_INVALID, "the certificate may not seal")


def _organisation(certificate: x509.Certificate) -> str:
    organisation = certificate.subject.native.get("organization_name")
    if not isinstance(organisation, str) or not organisation:
        raise Refused(Reason.SEAL_INVALID, "the seal does not name one organisation")
    return organisation
