"""Verifying and drawing the certificate: through the document process and its socket, and by the bare libraries.

The floor is one call of the library in this process, which has it loaded and warm. Ours refuses unsafe files first,
reads the statement and every number on the page, and carries the bytes to another process and the answer back.
"""

import io
import time
from dataclasses import replace

import pypdfium2
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from kiosk.bench.timing import NotMeasured, Row, alternate, repeat, taking
from kiosk.bootstrap import platform_client
from kiosk.clock import SystemClock
from kiosk.desk import Desk
from kiosk.documents.gate import PrintableDocument
from kiosk.evidence import IssueRequest
from kiosk.identity import device_identity
from kiosk.messages import Trust
from kiosk.profile import Profile
from kiosk.trust import TrustStore


async def verify(
    desk: Desk, profile: Profile, pdf: bytes, request: IssueRequest, rounds: int
) -> tuple[PrintableDocument, Row]:
    """The certificate, admitted by the gate, and what verifying it takes."""
    trust = await _trust(profile)

    async def ours() -> float:
        return await taking(desk.documents.verify(pdf, request))

    async def floor() -> float:
        return await taking(_validate(pdf, trust))

    times = await alternate(rounds, ours, floor)
    asked = replace(request, asked_at=SystemClock().monotonic())
    paper = desk.documents.admit(await desk.documents.verify(pdf, asked), asked)
    return paper, Row("verify the seal", *times, "bare pyHanko in a warm process")


async def admit_and_show(desk: Desk, pdf: bytes, request: IssueRequest, verified: Row, rounds: int) -> Row:
    """From the sealed bytes to the first picture of them: what a citizen waits for. The floor is that of `verified`."""

    async def all_of_it() -> None:
        asked = replace(request, asked_at=SystemClock().monotonic())
        paper = desk.documents.admit(await desk.documents.verify(pdf, asked), asked)
        await desk.documents.picture(paper)

    async def ours() -> float:
        return await taking(all_of_it())

    return Row("verify, admit, draw", await repeat(rounds, ours), verified.floor, "bare pyHanko, nothing drawn")


async def draw(desk: Desk, paper: PrintableDocument, rounds: int) -> Row:
    """What the picture for the preview takes."""
    width_px = (await desk.documents.picture(paper)).width

    async def ours() -> float:
        return await taking(desk.documents.picture(paper))

    async def floor() -> float:
        return _render(paper.pdf, width_px)

    return Row("draw the preview", *await alternate(rounds, ours, floor), "bare pypdfium2 to a bitmap")


async def _trust(profile: Profile) -> Trust:
    """What the terminal believes in, as the terminal learns it."""
    platform = profile.platform
    identity = device_identity(platform)
    client = platform_client(platform, identity)
    try:
        return await TrustStore(profile.trust.root, client, SystemClock()).current()
    finally:
        await client.close()


async def _validate(pdf: bytes, trust: Trust) -> None:
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in trust.roots],
        other_certs=[x509.Certificate.load(der) for der in trust.intermediates],
        crls=list(trust.crls),
        revocation_mode="hard-fail",
        allow_fetching=False,
    )
    (seal,) = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    status = await async_validate_pdf_signature(seal, context, context)
    if not status.bottom_line:
        raise NotMeasured("bare pyHanko does not believe the seal")


def _render(pdf: bytes, width_px: int) -> float:
    began = time.perf_counter()
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    document[0].render(scale=width_px / document.get_page_size(0)[0], may_draw_forms=True)
    took = time.perf_counter() - began
    document.close()
    return took
