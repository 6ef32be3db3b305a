"""Is this file nothing but pages? Looked at before anything else in it is believed.

A seal says who made a file, not that the file is harmless, and a file can show one thing now and another later
(shadow attacks: hidden layers, annotations, scripts). We control what our platform's producers write, so everything
active, foreign or optional is refused rather than judged: actions and scripts (ISO 32000-2, 12.6), attachments and
external streams (7.11, 7.3.8), forms other than the seal's field, XFA, encryption (7.6), optional content (8.11),
annotations other than the seal's own widget (12.5). And the file must tell one story: one chain of cross-reference
sections, each where it is said to be, each entry pointing at the object it names (7.5.4), so that two readers cannot
see two files. The parser is the one that verifies the seal: what was inspected is what was sealed.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader

from kiosk.messages import Policy
from kiosk.reasons import Reason, Refused

LIMIT_BYTES: Final = 16 * 1024 * 1024
LIMIT_OBJECTS: Final = 50_000
LIMIT_UNPACKED_BYTES: Final = 64 * 1024 * 1024
LIMIT_IMAGE_PIXELS: Final = 36_000_000
_LIMIT_PAGE_NODES: Final = 1_000
_LIMIT_LAYERS: Final = 4

# ISO 216, upright, in points; makers round.
_SIDES_PT: Final = {
    "A4": (210 * 72 / 25.4, 297 * 72 / 25.4),
    "A3": (297 * 72 / 25.4, 420 * 72 / 25.4),
}
_TOLERANCE_PT: Final = 2.0
_BOXES: Final = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox")
_INHERITED: Final = ("/MediaBox", "/CropBox", "/Rotate")

_END_OF_FILE: Final = b"%%EOF"
_TABLE: Final = re.compile(rb"xref\s|\d+ \d+ obj\b")
_STREAM: Final = re.compile(rb"stream\r?\n")
_FILTERS: Final = frozenset({"/FlateDecode", "/Fl", "/DCTDecode", "/DCT"})
"""Deflate and JPEG: what our producers use. Each further decoder would be one more program to trust."""
# fmt: off
_FORBIDDEN_KEYS: Final = frozenset([
    "/AA", "/JavaScript", "/JS", "/XFA", "/EmbeddedFiles", "/EF", "/AF", "/Collection", "/OCProperties", "/OC",
    "/RichMediaContent", "/OPI", "/FFilter", "/Alternates", "/Threads",
])
_ACTIONS: Final = frozenset([
    "/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/Launch", "/Thread", "/URI", "/Sound", "/Movie", "/Hide", "/Named",
    "/SubmitForm", "/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/JavaScript",
    "/RichMediaExecute",
])
# fmt: on


def refuse_size(pdf: bytes) -> None:
    """Too long, or not a PDF at all."""
    if len(pdf) > LIMIT_BYTES:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{len(pdf)} bytes")
    if not pdf.startswith(b"%PDF-"):
        raise Refused(Reason.DOCUMENT_UNSAFE, "not a PDF")


def refuse_bomb(pdf: bytes) -> None:
    """Unpacks every deflated stream, layer by layer, and throws it away, before any parser does.

    It looks for streams in the bytes, not by way of the tables: tables and object streams may be the bomb.
    """
    left = LIMIT_UNPACKED_BYTES
    for start in _STREAM.finditer(pdf):
        packed: bytes | memoryview = memoryview(pdf)[start.end() :]
        for _ in range(_LIMIT_LAYERS):
            unpacked = _inflated(packed, left)
            left -= len(unpacked)
            if left <= 0:
                raise Refused(Reason.DOCUMENT_UNSAFE, f"unpacks to more than {LIMIT_UNPACKED_BYTES} bytes")
            if len(unpacked) < 2:
                break
            packed = unpacked
        else:
            raise Refused(Reason.DOCUMENT_UNSAFE, f"packed more than {_LIMIT_LAYERS} times")


def _inflated(packed: bytes | memoryview, most: int) -> bytes:
    """What zlib makes of it, at most `most` bytes; nothing if it is not deflated data, or to where it is damaged."""
    if len(packed) < 2 or packed[0] & 0x0F != 8 or (packed[0] << 8 | packed[1]) % 31:
        return b""  # RFC 1950, 2.2
    inflate, parts, room = zlib.decompressobj(), [], most
    rest: bytes = bytes(packed) if isinstance(packed, memoryview) else packed
    try:
        while room > 0 and rest and not inflate.eof:
            part = inflate.decompress(rest, min(room, 1 << 20))
            rest = inflate.unconsumed_tail
            room -= len(part)
            parts.append(part)
    except zlib.error:
        pass
    return b"".join(parts)


def open_document(pdf: bytes) -> PdfFileReader:
    """The file's objects, if it tells one story. Raises Refused, and whatever else pyHanko raises.

    Strict: hybrid and repaired tables show different files to different readers.
    """
    if not pdf.rstrip(b"\r\n").endswith(_END_OF_FILE):
        raise Refused(Reason.DOCUMENT_UNSAFE, "bytes after the end of the file")
    most = StreamDecodeLimits(max_output_size=LIMIT_UNPACKED_BYTES)
    document = PdfFileReader(io.BytesIO(pdf), strict=True, decode_limits=DecodeLimits(per_stream=most))
    revisions = document.xrefs.total_revisions
    if pdf.count(b"startxref") != revisions or pdf.count(_END_OF_FILE) != revisions:
        raise Refused(Reason.DOCUMENT_UNSAFE, "more ends of file than revisions")
    for revision in range(revisions):
        _refuse_two_stories(pdf, document, revision)
    return document


def _refuse_two_stories(pdf: bytes, document: PdfFileReader, revision: int) -> None:
    place = document.xrefs.get_xref_container_info(revision)
    table = document.xrefs.get_xref_data(revision)
    if table.hybrid is not None:
        raise Refused(Reason.DOCUMENT_UNSAFE, "hybrid cross-reference table")
    if not _TABLE.match(pdf, place.declared_startxref):
        raise Refused(Reason.DOCUMENT_UNSAFE, "a cross-reference table is not where it is said to be")
    if len(table.explicit_refs_in_revision) > LIMIT_OBJECTS:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"more than {LIMIT_OBJECTS} objects")
    for number, (generation, offset) in table.standard_xrefs.items():
        if not pdf.startswith(b"%d %d obj" % (number, generation), offset):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a cross-reference entry points elsewhere than at its object")


def refuse_active(document: PdfFileReader) -> None:
    """Anything but pages and one seal. Raises Refused."""
    if document.encrypted or "/Encrypt" in document.trailer:
        raise Refused(Reason.DOCUMENT_UNSAFE, "encrypted")
    for item in _reachable(document, set()):
        _refuse_active_item(item)
    _refuse_form(document.root)


def refuse_hidden(document: PdfFileReader) -> None:
    """Objects to which nothing leads: today they are not seen, an update could show them (shadow attack "hide")."""
    seen: set[int] = set()
    for _ in _reachable(document, seen):
        pass
    if _in_use(document) - seen:
        raise Refused(Reason.DOCUMENT_UNSAFE, "hidden objects")


def count_seals(document: PdfFileReader) -> int:
    """Seal values anywhere in the file, also those that no field names and readers skip silently."""
    return sum(
        _name(item, "/Type") == "/Sig" or ("/ByteRange" in item and _name(item, "/Type") != "/DocTimeStamp")
        for item in _reachable(document, set())
    )


def refuse_other_paper(document: PdfFileReader, policy: Policy) -> int:
    """The number of pages, each of the paper that `policy` names. Raises Refused."""
    pages = list(_pages(document))
    if not 1 <= len(pages) <= policy.pages_most:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{len(pages)} pages")
    for page, inherited in pages:
        _refuse_box(page, inherited, policy.paper)
        _refuse_annotations(page)
    return len(pages)


def _in_use(document: PdfFileReader) -> set[int]:
    """The numbers of all objects in the tables, but for those that hold tables or other objects."""
    numbers: set[int] = set()
    vessels: set[int] = set()
    for revision in range(document.xrefs.total_revisions):
        table, place = document.xrefs.get_xref_data(revision), document.xrefs.get_xref_container_info(revision)
        numbers |= table.standard_xrefs.keys() | table.xrefs_in_objstm.keys()
        vessels |= table.obj_streams_used | ({place.stream_ref.idnum} if place.stream_ref else set())
    return numbers - vessels


def _reachable(document: PdfFileReader, seen: set[int]) -> Iterator[generic.DictionaryObject]:
    """Every dictionary and stream that can be reached from the trailer, once; the numbers of their objects and of all
    others go into `seen`. Raises Refused: too many objects."""
    waiting: list[object] = [document.trailer.flatten()]
    for _ in range(LIMIT_OBJECTS):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            if item.idnum in seen:
                continue
            seen.add(item.idnum)
            item = item.get_object()  # type: ignore[no-untyped-call]
        if isinstance(item, generic.DictionaryObject):
            # The dictionary's own methods resolve references; the walk wants to see them.
            waiting.extend(dict.values(item))
            yield item
        elif isinstance(item, generic.ArrayObject):
            waiting.extend(inner for inner in list.__iter__(item) if isinstance(inner, _CONTAINERS))
    raise Refused(Reason.DOCUMENT_UNSAFE, f"more than {LIMIT_OBJECTS} objects")


_CONTAINERS: Final = (generic.IndirectObject, generic.DictionaryObject, generic.ArrayObject)


def _refuse_active_item(item: generic.DictionaryObject) -> None:
    if hit := _FORBIDDEN_KEYS.intersection(item):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"active or foreign content: {min(hit)}")
    kind, subkind, style = (_name(item, key) for key in ("/Type", "/Subtype", "/S"))
    if kind == "/Action" or (kind is None and style in _ACTIONS):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"action {style}")
    if kind in ("/Filespec", "/EmbeddedFile"):
        raise Refused(Reason.DOCUMENT_UNSAFE, "external or attached file")
    if subkind == "/PS" or (subkind == "/Form" and "/Ref" in item):
        raise Refused(Reason.DOCUMENT_UNSAFE, "PostScript or reference XObject")
    if isinstance(item, generic.StreamObject):
        _refuse_stream(item, subkind)


def _refuse_stream(item: generic.StreamObject, subkind: str | None) -> None:
    if "/F" in item:
        raise Refused(Reason.DOCUMENT_UNSAFE, "external or attached file")
    filters = value_of(item, "/Filter")
    names = list(filters) if isinstance(filters, generic.ArrayObject) else [filters] if filters is not None else []
    if len(names) > 1 or not _FILTERS.issuperset(map(str, names)):
        raise Refused(Reason.DOCUMENT_UNSAFE, "a stream is packed in an unusual way")
    if subkind == "/Image" and _number(item, "/Width") * _number(item, "/Height") > LIMIT_IMAGE_PIXELS:
        raise Refused(Reason.DOCUMENT_UNSAFE, "a picture has too many pixels")


def _refuse_form(root: generic.DictionaryObject) -> None:
    """The only field of the only form is the seal's (and time-stamps of the archive, which are signatures too)."""
    form = value_of(root, "/AcroForm")
    if form is None:
        return
    for field in value_of(form, "/Fields") or ():
        item = field.get_object()
        is_seal = isinstance(item, generic.DictionaryObject) and _name(item, "/FT") == "/Sig" and "/V" in item
        if not is_seal or "/Kids" in item:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a form")


def value_of(item: generic.DictionaryObject, key: str) -> Any:
    """The value of `key`, or None; references resolved (`get` would return the reference, and miss what it hides)."""
    try:
        return item[key]
    except KeyError:
        return None


def _name(item: generic.DictionaryObject, key: str) -> str | None:
    value = value_of(item, key)
    return str(value) if isinstance(value, generic.NameObject) else None


def _number(item: generic.DictionaryObject, key: str) -> int:
    value = value_of(item, key)
    return int(value) if isinstance(value, int) else 0


def _pages(document: PdfFileReader) -> Iterator[tuple[generic.DictionaryObject, dict[str, object]]]:
    """Every page with what it inherits (7.7.3.4). A tree that loops, shares or pads its nodes is refused."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[generic.IndirectObject, dict[str, object]]] = [(document.root.raw_get("/Pages"), {})]
    while waiting:
        reference, inherited = waiting.pop()
        if not isinstance(reference, generic.IndirectObject):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page that is no object of its own")
        if (name := (reference.idnum, reference.generation)) in seen or len(seen) >= _LIMIT_PAGE_NODES:
            raise Refused(Reason.DOCUMENT_UNSAFE, "the tree of pages is no tree")
        seen.add(name)
        node = reference.get_object()  # type: ignore[no-untyped-call]
        if not isinstance(node, generic.DictionaryObject):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page that is no page")
        inherited = inherited | {key: node[key] for key in _INHERITED if key in node}
        if _name(node, "/Type") == "/Pages":
            kids = node["/Kids"]
            waiting.extend((kid, inherited) for kid in reversed(list(list.__iter__(kids))))
        elif _name(node, "/Type") == "/Page":
            yield node, inherited
        else:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page that is no page")


def _refuse_box(page: generic.DictionaryObject, inherited: dict[str, object], paper: str) -> None:
    boxes = inherited | {key: page[key] for key in _BOXES if key in page}
    if "/MediaBox" not in boxes or "/UserUnit" in page:
        raise Refused(Reason.DOCUMENT_UNSAFE, "a page without a size, or with a unit of its own")
    for key in _BOXES:
        if key not in boxes:
            continue
        left, low, right, high = map(float, boxes[key])  # type: ignore[call-overload]
        sides = sorted((abs(right - left), abs(high - low)))
        if any(abs(side - due) > _TOLERANCE_PT for side, due in zip(sides, _SIDES_PT[paper], strict=True)):
            raise Refused(Reason.DOCUMENT_UNSAFE, f"a page is not {paper}")


def _refuse_annotations(page: generic.DictionaryObject) -> None:
    for annotation in value_of(page, "/Annots") or ():
        item = annotation.get_object()
        is_widget = isinstance(item, generic.DictionaryObject) and _name(item, "/Subtype") == "/Widget"
        if not (is_widget and _name(item, "/FT") == "/Sig" and "/V" in item):
            raise Refused(Reason.DOCUMENT_UNSAFE, "annotation other than the seal")
