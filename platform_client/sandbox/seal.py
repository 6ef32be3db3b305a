"""The department's seal on the bytes: PAdES B-B (ETSI EN 319 142-1), certifying that nothing may change (DocMDP 1)."""

from io import BytesIO

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from platform_client.sandbox.pki import Credential


class Seal:
    """One department's seal, loaded once. `issuing`: the CA whose certificate travels with the signature."""

    def __init__(self, credential: Credential, issuing: Credential) -> None:
        self._signer = SimpleSigner.load(  # type: ignore[no-untyped-call]
            str(credential.key), str(credential.certificate), ca_chain_files=(str(issuing.certificate),)
        )

    def seal(self, pdf: bytes) -> bytes:
        """The sealed document: `pdf` plus one revision that certifies it. Takes about 30 ms of CPU."""
        metadata = PdfSignatureMetadata(
            field_name="Seal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        sealed = BytesIO()
        PdfSigner(metadata, signer=self._signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), output=sealed)
        return sealed.getvalue()
