"""The e-seal system: every department's seal, put on bytes that only the material-sharing system may bring (C04, C18).

The seal is PAdES B-B (ETSI EN 319 142-1), certifying that nothing may change (DocMDP 1).
"""

import asyncio
import logging
from io import BytesIO

from aiohttp import web
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from platform_client.sandbox.catalogue import AGENCIES
from platform_client.sandbox.exchange import SealedDocument, SealRequest, read, written
from platform_client.sandbox.faults import Fault, Faults
from platform_client.sandbox.pki import Credential, SandboxPki
from platform_client.sandbox.system import System
from platform_client.sandbox.topology import MATERIAL

_log = logging.getLogger(__name__)


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


class SealSystem:
    """Answers at `/seal` of `system`."""

    def __init__(self, system: System, pki: SandboxPki, faults: Faults) -> None:
        self._pki = pki
        self._faults = faults
        self._seals: dict[Credential, Seal] = {}
        system.answer("/seal", frozenset({MATERIAL}), self._seal)

    async def _seal(self, request: web.Request) -> web.Response:
        asked = read(await request.read(), SealRequest)
        if asked.agency not in {agency.code for agency in AGENCIES}:
            return web.Response(status=404)
        seal = self._of(asked.agency)
        sealed = await asyncio.to_thread(seal.seal, asked.document)
        _log.info("sealed request_id=%s agency=%s", asked.request_id, asked.agency)
        return web.Response(body=written(SealedDocument(asked.request_id, sealed)), content_type="application/xml")

    def _of(self, agency: str) -> Seal:
        revoked = self._faults.active is Fault.REVOKED_SEAL
        credential = self._pki.revoked_seal(agency) if revoked else self._pki.seal(agency)
        if credential not in self._seals:
            self._seals[credential] = Seal(credential, self._pki.issuing)
        return self._seals[credential]
