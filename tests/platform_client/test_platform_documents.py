"""The sealed certificate: readable, about one person, stated under the seal; and each fault spoils what it says."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from lxml import etree
from platform_world import NAME, NUMBER, Card, Platform, call_of, issue
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from platform_client.certificates import IssueCall
from platform_client.identity import DeviceIdentity
from platform_client.materials import Level, watermark
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.material import CHINA
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import Person, check_character, somebody_else
from platform_client.sandbox.statement import NAMESPACE
from platform_client.sandbox.typeface import SONG, Typecase

KIND = "social-insurance"
AGENCY = OFFERS[KIND].kind.seal_organisation


SOMEBODY = Person(NAME, NUMBER)


def child() -> Person:
    body = f"999900{datetime.now(UTC).year - 8}0601004"
    return Person(NAME, body + check_character(body))


async def issued(platform: Platform, call: IssueCall, fault: Fault | None = None) -> bytes:
    """The document that the platform brings, with all its systems at work."""
    platform.sandbox.faults.active = fault
    try:
        return await issue(platform.client, call)
    finally:
        platform.sandbox.faults.active = None


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        text: str = document[0].get_textpage().get_text_range()
        return text


def statement_of(pdf: bytes) -> dict[str, str]:
    """The properties in either spelling of XMP."""
    packet = etree.fromstring(PdfFileReader(BytesIO(pdf)).root["/Metadata"].data)
    found = {}
    for node in packet.iter():
        spelled = [(node.tag, node.text), *node.items()]
        found |= {
            etree.QName(name).localname: value for name, value in spelled if etree.QName(name).namespace == NAMESPACE
        }
    return found


async def seal_of(pdf: bytes, pki: SandboxPki) -> PdfSignatureStatus:
    context = ValidationContext(
        trust_roots=[load_cert_from_pemder(str(pki.root.certificate))],
        other_certs=[load_cert_from_pemder(str(pki.issuing.certificate))],
        crls=list(pki.crls(datetime.now(UTC))),
        revocation_mode="require",
        allow_fetching=False,
    )
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return await async_validate_pdf_signature(signature, context)


def digest(nonce: str, person: Person) -> str:
    return sha256(f"{nonce}\0{person.number}\0{person.name}".encode()).hexdigest()


@pytest.mark.parametrize("kind", OFFERS)
async def test_every_kind_is_sealed_by_its_agency_and_says_who_it_is_about(
    platform: Platform, identity: DeviceIdentity, pki: SandboxPki, kind: str
) -> None:
    """C12, C17, C18, D01, D05, D10."""
    offer = OFFERS[kind]
    holder = SOMEBODY if offer.suits(30) else child()
    asked = call_of(identity, kind, card=Card(holder.name, holder.number))
    pdf = await issued(platform, asked)
    text = text_of(pdf)
    valid_until = datetime.now(CHINA).date() + timedelta(days=offer.valid_days)
    assert re.findall(r"(?<!\d)\d{17}[\dX](?!\d)", text) == [holder.number]
    assert NAME in text and offer.kind.title.zh in text and offer.kind.title.en in text
    assert watermark(Level.A, offer.agency.name.zh, valid_until) in text.splitlines()[-2:]
    assert statement_of(pdf) == {
        "requestId": asked.evidence.request_id,
        "nonce": asked.evidence.nonce,
        "kind": kind,
        "issuer": offer.kind.seal_organisation,
        "level": "A",
        "subjectDigest": digest(asked.evidence.nonce, holder),
        "validUntil": valid_until.isoformat(),
    }
    seal = await seal_of(pdf, pki)
    assert seal.bottom_line and seal.docmdp_ok and seal.coverage is SignatureCoverageLevel.ENTIRE_FILE
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert seal.signing_cert.subject.native["organization_name"] == offer.kind.seal_organisation


async def test_the_look_of_an_official_document(platform: Platform, identity: DeviceIdentity) -> None:
    """C12, C18: a red round stamp over name and date, drawn and not pasted; a code that names no holder."""
    call = call_of(identity)
    pdf = await issued(platform, call)
    offer = OFFERS[KIND]
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        assert not list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
        picture = page.render(scale=150 / 72).to_numpy()[:, :, ::-1].astype(int)
    red = (picture[:, :, 0] > 150) & (picture[:, :, 1] < 90) & (picture[:, :, 2] < 90)
    rows, columns = np.nonzero(red[1170:1560, 620:1160])
    height_mm, width_mm = (np.ptp(axis) / 150 * 25.4 for axis in (rows, columns))
    assert 40 < height_mm < 44 and 40 < width_mm < 44, "round, 42 mm"
    (code,) = zxingcpp.read_barcodes(picture.astype(np.uint8))
    assert offer.kind.title.zh in code.text and offer.agency.name.zh in code.text
    assert NAME not in code.text and NUMBER not in code.text and NUMBER[6:14] not in code.text


async def test_a_rare_name_is_set_from_the_whole_font(platform: Platform, identity: DeviceIdentity) -> None:
    assert "𠮷㛃" in text_of(await issued(platform, call_of(identity, card=Card(name="𠮷㛃"))))


def test_the_documented_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "certificate-statement.md").read_text()
    assert digest("00112233445566778899aabbccddeeff", Person("张三", "999900199001010014")) in page


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_a_document_about_somebody_else(platform: Platform, identity: DeviceIdentity, pki: SandboxPki) -> None:
    for fault, in_statement in ((Fault.WRONG_PERSON, False), (Fault.WRONG_SUBJECT, True)):
        asked, other = call_of(identity), somebody_else(SOMEBODY)
        pdf = await issued(platform, asked, fault)
        text = text_of(pdf)
        assert NUMBER not in text and NAME not in text and other.number in text and other.name in text
        named = other if in_statement else SOMEBODY
        assert statement_of(pdf)["subjectDigest"] == digest(asked.evidence.nonce, named)
        assert (await seal_of(pdf, pki)).bottom_line


@pytest.mark.parametrize("fault", [Fault.BROKEN_SEAL, Fault.REVOKED_SEAL])
async def test_a_seal_that_does_not_hold(
    platform: Platform, identity: DeviceIdentity, pki: SandboxPki, fault: Fault
) -> None:
    seal = await seal_of(await issued(platform, call_of(identity), fault), pki)
    assert not seal.bottom_line
    assert (seal.intact, seal.revoked) == (fault is not Fault.BROKEN_SEAL, fault is Fault.REVOKED_SEAL)


async def test_a_good_seal_of_another_agency(platform: Platform, identity: DeviceIdentity, pki: SandboxPki) -> None:
    seal = await seal_of(await issued(platform, call_of(identity), Fault.OTHER_AGENCY_SEAL), pki)
    assert seal.bottom_line and seal.signing_cert.subject.native["organization_name"] != AGENCY


async def test_no_seal_and_no_document(platform: Platform, identity: DeviceIdentity) -> None:
    unsealed = await issued(platform, call_of(identity), Fault.UNSEALED)
    assert not PdfFileReader(BytesIO(unsealed)).embedded_signatures and NUMBER in text_of(unsealed)
    assert not (await issued(platform, call_of(identity), Fault.NOT_A_PDF)).startswith(b"%PDF")


async def test_a_statement_that_is_not_the_answer(
    platform: Platform, identity: DeviceIdentity, pki: SandboxPki
) -> None:
    last_day = datetime.now(CHINA).date() + timedelta(days=OFFERS[KIND].valid_days)
    for fault, name in (
        (Fault.WRONG_KIND, "kind"),
        (Fault.STALE_NONCE, "nonce"),
        (Fault.EXPIRED, "validUntil"),
        (Fault.WRONG_LEVEL, "level"),
    ):
        good = call_of(identity)
        pdf = await issued(platform, good, fault)
        assert (await seal_of(pdf, pki)).bottom_line
        stated = statement_of(pdf)
        right = {"kind": good.kind, "nonce": good.evidence.nonce, "requestId": good.evidence.request_id, "level": "A"}
        right["validUntil"] = last_day.isoformat()
        assert [key for key, value in right.items() if stated[key] != value] == [name]
        if fault is Fault.EXPIRED:
            assert stated["validUntil"] < datetime.now(CHINA).date().isoformat()


# --- fonts -----------------------------------------------------------------------------------------------------------


def test_a_text_gets_a_font_of_its_own_characters(typecase: Typecase) -> None:
    """The glyphs are those of the whole typeface, as near as quadratic outlines come; a rarer character is fetched."""
    title = OFFERS[KIND].kind.title.zh
    for text in ("张三 ABC 123 ·—，", "𠮷㛃"):
        fonts = typecase.for_text(text, title)
        for file, characters in ((fonts.regular, text), (fonts.bold, title)):
            with TTFont(file) as font:
                assert set(font.getBestCmap()) == set(map(ord, characters))
                glyphs = font.getGlyphSet()
                for character in characters.replace(" ", ""):
                    pen = BoundsPen(glyphs)
                    glyphs[font.getBestCmap()[ord(character)]].draw(pen)
                    assert pen.bounds is not None and glyphs[font.getBestCmap()[ord(character)]].width > 0
    assert typecase.regular.file.stat().st_size < SONG.regular.stat().st_size / 5
