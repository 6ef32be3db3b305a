"""Documents to judge: composed here, sealed with the sandbox's certificates, then spoilt on purpose."""

import functools
import io
import string
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fontTools import subset
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from kiosk.documents.digests import subject_digest
from kiosk.documents.gate import Expected
from kiosk.documents.sentence import level_a_sentence
from kiosk.messages import Policy, Trust, Verify
from platform_client.sandbox import pki
from platform_client.sandbox.catalogue import AGENCIES
from platform_client.sandbox.statement import Statement

NONCE = "00112233445566778899aabbccddeeff"
AGENCY, OTHER_AGENCY = AGENCIES[0], AGENCIES[1]
TODAY = date(2026, 11, 23)


@dataclass(frozen=True, repr=False)
class Citizen:
    """A synthetic person; region 9999 does not exist."""

    name: str
    number: str

    @property
    def masked_name(self) -> str:
        return f"{self.name[:1]}*"


ZHANG = Citizen("张三", "999900199001010014")
OTHER = Citizen("李四", "99990019850312018X")

STATEMENT = Statement(
    request_id="request-1",
    nonce=NONCE,
    kind="household",
    issuer=AGENCY.name.zh,
    level="A",
    subject_digest=subject_digest(NONCE, ZHANG),
    valid_until=date(2026, 12, 31),
)

EXPECTED = Expected(
    request_id="request-1",
    nonce=NONCE,
    kind="household",
    agency=AGENCY.name.zh,
    holder=ZHANG,
    single_subject=True,
    time_stamp=False,
    today=TODAY,
    age_s=2.0,
)


@functools.cache
def typeface() -> Path:
    """A font with the characters of these samples; the whole one takes a second for each document."""
    agencies = "".join(agency.name.zh for agency in AGENCIES)
    options = subset.Options(layout_features=[], notdef_outline=True)
    options.drop_tables += ["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG"]
    font = subset.load_font(Path(__file__).parents[2] / ".cache/assets/fonts/NotoSansSC-Regular.otf", options)
    cutter = subset.Subsetter(options)
    cutter.populate(text=level_a_sentence(agencies, TODAY) + string.printable)
    cutter.subset(font)
    cut = Path(tempfile.mkdtemp()) / "samples.otf"
    subset.save_font(font, cut, options)
    return cut


def compose(
    text: str = f"Number {ZHANG.number}",
    statement: Statement | None = STATEMENT,
    shape: Any = "A4",
    pages: int = 1,
    sentence: str | None = level_a_sentence(AGENCY.name.zh, STATEMENT.valid_until),
) -> bytes:
    """An unsealed certificate: text and level-A sentence on every page, the statement in its XMP packet."""
    document = FPDF(format=shape)
    document.add_font("Sans", "", typeface())
    document.set_font("Sans", size=12)
    for _ in range(pages):
        document.add_page()
        document.multi_cell(0, 8, text)
        if sentence:
            document.set_y(20)
            document.multi_cell(0, 8, sentence)
    if statement is not None:
        document.set_xmp_metadata(statement.xmp())
    return bytes(document.output())


def changed(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The same file with an incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Sealer:
    """The sandbox's certificates in a directory, and what can be sealed with them."""

    def __init__(self, directory: Path, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)
        self.pki = pki.make(directory, terminals=(), now=self.now)

    @functools.cached_property
    def trust(self) -> Trust:
        return Trust(
            roots=(_der(self.pki.root),), intermediates=(_der(self.pki.issuing),), crls=tuple(self.pki.crls(self.now))
        )

    def stale_trust(self) -> Trust:
        """CRLs as they were a year ago."""
        return replace_struct(self.trust, crls=tuple(self.pki.crls(self.now - timedelta(days=365))))

    def seal(
        self,
        pdf: bytes,
        agency: str = AGENCY.code,
        *,
        revoked: bool = False,
        field: str = "Seal",
        certify: bool = True,
        permission: fields.MDPPerm = fields.MDPPerm.NO_CHANGES,
    ) -> bytes:
        credential = self.pki.revoked_seal(agency) if revoked else self.pki.seal(agency)
        signer = signers.SimpleSigner.load(
            str(credential.key), str(credential.certificate), ca_chain_files=(str(self.pki.issuing.certificate),)
        )
        metadata = PdfSignatureMetadata(
            field_name=field,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=certify,
            docmdp_permissions=permission,
        )
        out = io.BytesIO()
        PdfSigner(metadata, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
        return out.getvalue()


def question(pdf: bytes, trust: Trust, policy: Policy | None = None, number: int = 1) -> Verify:
    """What the desk asks about `pdf`."""
    return Verify(number, pdf, trust, NONCE, policy or Policy())


def replace_struct(trust: Trust, **fields_: tuple[bytes, ...]) -> Trust:
    return Trust(**{name: fields_.get(name, getattr(trust, name)) for name in ("roots", "intermediates", "crls")})


def _der(credential: pki.Credential) -> bytes:
    certificate: x509.Certificate = credential.load_certificate()
    return certificate.public_bytes(Encoding.DER)


def stating(**changes: Any) -> Statement:
    """The good statement with some properties changed."""
    return replace(STATEMENT, **changes)
