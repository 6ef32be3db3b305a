"""C17, D09: of all files that look like the certificate only the sealed one passes; each other gets its reason."""

import asyncio
import re
import zlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pypdf
import pytest
from asn1crypto import crl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.dss import DocumentSecurityStore
from sealed_samples import (
    AGENCY,
    NONCE,
    OTHER,
    OTHER_AGENCY,
    ZHANG,
    Sealer,
    changed,
    compose,
    question,
    replace_struct,
    stating,
)

from kiosk.documents.digests import number_digest, subject_digest
from kiosk.documents.verdict import judge
from kiosk.messages import NotVerified, Trust, Verified
from kiosk.reasons import Reason

SEAL, UNSAFE, WRONG = Reason.SEAL_INVALID, Reason.DOCUMENT_UNSAFE, Reason.WRONG_DOCUMENT


def verdict(
    sealer: Sealer, pdf: bytes, trust: Trust | None = None, later: timedelta = timedelta()
) -> Verified | NotVerified:
    return asyncio.run(judge(question(pdf, trust or sealer.trust, number=7), sealer.now + later))


def refusal(
    sealer: Sealer, pdf: bytes, trust: Trust | None = None, later: timedelta = timedelta()
) -> tuple[Reason, str]:
    answer = verdict(sealer, pdf, trust, later)
    assert isinstance(answer, NotVerified), answer
    assert answer.id == 7
    return answer.reason, answer.detail


def test_the_sealed_document_passes(sealer: Sealer, good: bytes) -> None:
    answer = verdict(sealer, good)
    assert isinstance(answer, Verified)
    assert answer.signer == answer.statement.issuer == AGENCY.name.zh
    assert answer.numbers == (number_digest(NONCE, ZHANG),)
    assert answer.pages == 1


# --- the bytes -------------------------------------------------------------------------------------------------------


def test_one_bit_of_the_page_flipped(sealer: Sealer, good: bytes) -> None:
    spoilt = bytearray(good)
    spoilt[good.index(b"stream") + 40] ^= 1
    assert refusal(sealer, bytes(spoilt)) == (SEAL, "the bytes are not those that were sealed")


@given(position=st.integers(min_value=0), byte=st.integers(0, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_byte_is_refused(sealer: Sealer, good: bytes, position: int, byte: int) -> None:
    spoilt = bytearray(good)
    spoilt[position % len(good)] = byte
    answer = verdict(sealer, bytes(spoilt))
    # Inside the signature itself there is room that no signature covers (certificates it carries along).
    assert isinstance(answer, NotVerified) or _outside_signature(bytes(spoilt)) == _outside_signature(good)


@given(cut=st.integers(min_value=1, max_value=3000))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_shorter_file_is_refused(sealer: Sealer, good: bytes, cut: int) -> None:
    refusal(sealer, good[:-cut])


@given(start=st.integers(min_value=0), length=st.integers(1, 400))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_repeated_or_missing_stretch_is_refused(sealer: Sealer, good: bytes, start: int, length: int) -> None:
    start %= len(good)
    stretch = good[start : start + length]
    refusal(sealer, good[:start] + stretch + good[start:])
    refusal(sealer, good[:start] + good[start + length :])


@pytest.mark.parametrize(
    "tail", [b"\n%junk\n", b"\x00" * 16, b"\n5 0 obj\n<</Length 3>>stream\nabc\nendstream\nendobj\n%%EOF\n"]
)
def test_junk_after_the_end(sealer: Sealer, good: bytes, tail: bytes) -> None:
    reason, _ = refusal(sealer, good + tail)
    assert reason in (SEAL, UNSAFE)


def test_a_load_in_the_padding_of_the_signature(sealer: Sealer, good: bytes) -> None:
    """The room that was kept for the signature is in nobody's digest, so it must be empty."""
    end = good.rindex(b"0000>")
    assert refusal(sealer, good[:end] + b"beef" + good[end + 4 :]) == (
        SEAL,
        "the seal's byte range frames something else",
    )


def test_a_second_end_marker(sealer: Sealer, good: bytes) -> None:
    reason, _ = refusal(sealer, good + b"%%EOF\n")
    assert reason in (SEAL, UNSAFE)


@pytest.mark.parametrize(
    "junk", [b"", b"%PDF-", b"%PDF-1.7\n%%EOF\n", b"GIF89a", b"PK\x03\x04" * 99, b"%PDF-1.4\n" + b"<<" * 5000]
)
def test_not_a_pdf(sealer: Sealer, junk: bytes) -> None:
    reason, detail = refusal(sealer, junk)
    assert reason is UNSAFE
    assert junk.startswith(b"%PDF-") or detail == "not a PDF"


def test_too_long(sealer: Sealer, good: bytes) -> None:
    reason, detail = refusal(sealer, good.ljust((16 << 20) + 1))
    assert (reason, detail) == (UNSAFE, "16777217 bytes")


def test_too_many_objects(sealer: Sealer, good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.documents.inspect.LIMIT_OBJECTS", 20)
    assert refusal(sealer, good) == (UNSAFE, "more than 20 objects")


# --- changed after the seal ------------------------------------------------------------------------------------------


def _replace_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (FORGED) Tj ET"))
    writer.update_container(page)


def _add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
    page = {
        pdf_name("/Type"): pdf_name("/Page"),
        pdf_name("/Parent"): writer.root.raw_get("/Pages"),
        pdf_name("/MediaBox"): box,
        pdf_name("/Resources"): generic.DictionaryObject(),
    }
    pages["/Kids"].append(writer.add_object(generic.DictionaryObject(page)))
    pages["/Count"] = generic.NumberObject(pages["/Count"] + 1)
    writer.update_container(pages["/Kids"])
    writer.update_container(pages)


@pytest.mark.parametrize("change", [_replace_content, _add_page])
def test_incremental_update_after_sealing(
    sealer: Sealer, good: bytes, change: Callable[[IncrementalPdfFileWriter], None]
) -> None:
    assert refusal(sealer, changed(good, change))[0] is SEAL


def test_validation_data_added_for_archiving_is_no_change(sealer: Sealer, good: bytes) -> None:
    """PAdES B-LT: the archive appends certificates and CRLs, unsigned."""
    file = BytesIO(good)
    contents = PdfFileReader(BytesIO(good)).embedded_signatures[0].sig_object.raw_get("/Contents")
    crls = [crl.CertificateList.load(der) for der in sealer.trust.crls]
    DocumentSecurityStore.add_dss(file, contents, crls=crls)
    assert len(file.getvalue()) > len(good)
    assert isinstance(verdict(sealer, file.getvalue()), Verified)


def test_a_statement_replaced_after_sealing_is_not_read(sealer: Sealer, good: bytes) -> None:
    """Whoever archives a document may update its metadata (and pyHanko lets them): the sealed statement counts."""
    forged = stating(kind="property", subject_digest=subject_digest(NONCE, OTHER)).xmp().encode()

    def replace_statement(writer: IncrementalPdfFileWriter) -> None:
        packet = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
        writer.root["/Metadata"] = writer.add_object(generic.StreamObject(packet, stream_data=forged))
        writer.update_root()

    answer = verdict(sealer, changed(good, replace_statement))
    if isinstance(answer, Verified):
        assert answer.statement == verdict(sealer, good).statement
    else:
        assert answer.reason is SEAL


def test_two_seals(sealer: Sealer) -> None:
    twice = sealer.seal(
        sealer.seal(compose(), permission=MDPPerm.FILL_FORMS), OTHER_AGENCY.code, field="Second", certify=False
    )
    assert refusal(sealer, twice) == (SEAL, "2 seals")


@pytest.mark.parametrize("key", ["/Type", "/ByteRange"])
def test_a_hidden_second_seal_value(sealer: Sealer, key: str) -> None:
    """One that no form field names, of a kind that readers skip silently."""

    def hide(writer: IncrementalPdfFileWriter) -> None:
        entries = {
            "/Type": pdf_name("/Sig"),
            "/ByteRange": generic.ArrayObject(map(generic.NumberObject, (0, 1, 2, 3))),
        }
        spare = {pdf_name(key): entries[key], pdf_name("/SubFilter"): pdf_name("/adbe.x509.rsa_sha1")}
        writer.root["/Spare"] = writer.add_object(generic.DictionaryObject(spare))
        writer.update_root()

    assert refusal(sealer, sealer.seal(changed(compose(), hide))) == (SEAL, "2 seals")


def test_no_seal(sealer: Sealer) -> None:
    assert refusal(sealer, compose()) == (SEAL, "0 seals")


def test_an_approval_signature_is_no_seal(sealer: Sealer) -> None:
    reason, detail = refusal(sealer, sealer.seal(compose(), certify=False))
    assert (reason, detail) == (SEAL, "not a certification signature")


def test_a_seal_that_permits_changes(sealer: Sealer) -> None:
    reason, detail = refusal(sealer, sealer.seal(compose(), permission=MDPPerm.FILL_FORMS))
    assert (reason, detail) == (SEAL, "the seal permits changes")


def test_the_byte_range_must_frame_the_seal(sealer: Sealer, good: bytes) -> None:
    """A wrapping attack: the second range moved, so that a gap opens for bytes nobody signed."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)\s*\]", good)
    assert found is not None
    before, resume, _ = (int(number) for number in found.groups())
    forged = good[:resume] + b"%forged" + good[resume:]
    old, new = b" %d " % resume, b" %d " % (resume + 7)
    assert len(old) == len(new)
    head = forged[:before].replace(found[0], found[0].replace(old, new))
    assert refusal(sealer, head + forged[before:])[0] in (SEAL, UNSAFE)


# --- whose seal ------------------------------------------------------------------------------------------------------


def test_the_seal_of_another_authority(sealer: Sealer, good: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Same names, same profiles, other keys."""
    stranger = Sealer(tmp_path_factory.mktemp("stranger"))
    assert refusal(sealer, stranger.seal(compose())) == (SEAL, "not under a pinned root")


def test_a_revoked_seal(sealer: Sealer) -> None:
    assert refusal(sealer, sealer.seal(compose(), revoked=True)) == (SEAL, "revoked")


def test_an_expired_seal(sealer: Sealer, good: bytes) -> None:
    later = timedelta(days=398)
    trust = replace_struct(sealer.trust, crls=tuple(sealer.pki.crls(sealer.now + later)))
    assert refusal(sealer, good, trust, later) == (SEAL, "outside the validity of a certificate")


@pytest.mark.parametrize("kept", [(), (0,), (1,)], ids=["none", "root's only", "issuer's only"])
def test_without_every_crl_it_cannot_be_verified(sealer: Sealer, good: bytes, kept: tuple[int, ...]) -> None:
    trust = replace_struct(sealer.trust, crls=tuple(sealer.trust.crls[index] for index in kept))
    assert refusal(sealer, good, trust)[0] is Reason.SEAL_UNVERIFIABLE


def test_a_stale_crl_is_no_crl(sealer: Sealer, good: bytes) -> None:
    assert refusal(sealer, good, sealer.stale_trust())[0] is Reason.SEAL_UNVERIFIABLE
    assert refusal(sealer, good, later=timedelta(days=8))[0] is Reason.SEAL_UNVERIFIABLE


def test_without_a_pinned_root_nobody_is_believed(sealer: Sealer, good: bytes) -> None:
    assert refusal(sealer, good, replace_struct(sealer.trust, roots=()))[0] is Reason.SEAL_UNVERIFIABLE


def test_a_crl_that_nobody_signed_is_no_crl(sealer: Sealer, good: bytes) -> None:
    forged = tuple(der[:-1] + bytes([der[-1] ^ 1]) for der in sealer.trust.crls)
    assert refusal(sealer, good, replace_struct(sealer.trust, crls=forged))[0] is Reason.SEAL_UNVERIFIABLE


@pytest.mark.parametrize("part", ["roots", "intermediates", "crls"])
def test_a_trust_store_that_cannot_be_read_is_the_terminals_fault(sealer: Sealer, good: bytes, part: str) -> None:
    spoilt = replace_struct(sealer.trust, **{part: (b"not DER", *getattr(sealer.trust, part))})
    assert refusal(sealer, good, spoilt)[0] is Reason.SEAL_UNVERIFIABLE


# --- harmful, although sealed by the right agency --------------------------------------------------------------------


def _javascript(writer: IncrementalPdfFileWriter) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


def _launch_behind_references(writer: IncrementalPdfFileWriter) -> None:
    """The name of the action is itself an object: a scan that does not resolve references misses it."""
    action = {pdf_name("/S"): writer.add_object(pdf_name("/Launch")), pdf_name("/F"): generic.pdf_string("a.exe")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


def _attachment(writer: IncrementalPdfFileWriter) -> None:
    names = generic.DictionaryObject({pdf_name("/EmbeddedFiles"): generic.DictionaryObject()})
    writer.root["/Names"] = writer.add_object(names)
    writer.update_root()


def _external_stream(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    stream = generic.StreamObject({pdf_name("/F"): generic.pdf_string("other.txt")}, stream_data=b"")
    page["/Contents"] = writer.add_object(stream)
    writer.update_container(page)


def _hidden_layer(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OCProperties"] = writer.add_object(
        generic.DictionaryObject({pdf_name("/OCGs"): generic.ArrayObject()})
    )
    writer.update_root()


def _sticker(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    sticker = {
        pdf_name("/Type"): pdf_name("/Annot"),
        pdf_name("/Subtype"): pdf_name("/FreeText"),
        pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (80, 500, 480, 700))),
    }
    page["/Annots"] = generic.ArrayObject([writer.add_object(generic.DictionaryObject(sticker))])
    writer.update_container(page)


def _postscript(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    program = generic.StreamObject({pdf_name("/Subtype"): pdf_name("/PS")}, stream_data=b"showpage")
    page["/Spare"] = writer.add_object(program)
    writer.update_container(page)


def _own_unit(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/UserUnit"] = generic.FloatObject(2)
    writer.update_container(page)


@pytest.mark.parametrize(
    "harm",
    [
        _javascript,
        _launch_behind_references,
        _attachment,
        _external_stream,
        _hidden_layer,
        _sticker,
        _postscript,
        _own_unit,
    ],
)
def test_active_or_foreign_content(sealer: Sealer, harm: Callable[[IncrementalPdfFileWriter], None]) -> None:
    assert refusal(sealer, sealer.seal(changed(compose(), harm)))[0] is UNSAFE


def test_encrypted(sealer: Sealer) -> None:
    writer = pypdf.PdfWriter(clone_from=BytesIO(compose()))
    writer.encrypt("", owner_password="owner", algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    assert refusal(sealer, out.getvalue()) == (UNSAFE, "encrypted")


def test_a_bomb_in_the_table_of_contents(sealer: Sealer) -> None:
    """4 GB of cross-reference entries, packed twice into some kilobytes."""
    packed = zlib.compress(zlib.compress(b"\0" * (1 << 20), 9) * 4000, 9)
    head = b"%PDF-1.7\n"
    table = b"1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Root 2 0 R/Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n"
    bomb = head + table % len(packed) + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    assert len(bomb) < 100_000
    assert refusal(sealer, bomb)[0] is UNSAFE


@pytest.mark.parametrize("shape", ["A5", "A3", (300, 300)])
def test_other_paper_than_a4(sealer: Sealer, shape: object) -> None:
    assert refusal(sealer, sealer.seal(compose(shape=shape))) == (UNSAFE, "a page is not A4")


def test_too_many_pages(sealer: Sealer) -> None:
    assert refusal(sealer, sealer.seal(compose(pages=21))) == (UNSAFE, "21 pages")


# --- the statement and the numbers -----------------------------------------------------------------------------------


def test_without_a_statement(sealer: Sealer) -> None:
    """The sealing tool leaves a packet of its own, which states nothing."""
    reason, detail = refusal(sealer, sealer.seal(compose(statement=None)))
    assert reason is WRONG
    assert detail.startswith("the statement lacks requestId, nonce")


def test_an_empty_property(sealer: Sealer) -> None:
    reason, detail = refusal(sealer, sealer.seal(compose(statement=stating(kind=""))))
    assert (reason, detail) == (WRONG, "the statement lacks kind")


def test_every_person_on_the_pages_is_seen(sealer: Sealer) -> None:
    both = sealer.seal(compose(f"{ZHANG.number} and {' '.join(OTHER.number)}", pages=2))
    answer = verdict(sealer, both)
    assert isinstance(answer, Verified)
    assert set(answer.numbers) == {number_digest(NONCE, ZHANG), number_digest(NONCE, OTHER)}


def _outside_signature(pdf: bytes) -> bytes:
    return re.sub(rb"(/Contents <)[0-9a-fA-F]+>", rb"\1>", pdf)
