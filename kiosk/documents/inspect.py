"""Is this file nothing but pages? Looked at before anything else in it is believed.

A seal says who made a file, not that the file is harmless, and a file can show one thing now and another later
(shadow attacks: hidden layers, annotations, scripts). We control what our platform's producers write, so everything
active, foreign or optional is refused rather than judged: actions and scripts (ISO 32000-2, 12.6), attachments and
external streams (7.11, 7.3.8), forms other than the seal's field, XFA, encryption (7.6), optional content (8.11),
annotations other than the seal's own widget (12.5). And the file must tell one story: one chain of cross-reference
sections, each where it is said to be, each entry pointing at the object it names (7.5.4), each object written so that
it can be read in one way only (`objects`): two readers cannot see two files.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from pyhanko.pdf_utils.decode_limits import DecodeLimits, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader

from kiosk.documents.objects import (
    LIMIT_OBJECTS,
    LIMIT_UNPACKED_BYTES,
    Name,
    Objects,
    Reference,
    Stream,
    number,
    numbers,
)
from kiosk.messages import Policy
from kiosk.reasons import Reason, Refused

LIMIT_BYTES: Final = 16 * 1024 * 1024
LIMIT_IMAGE_PIXELS: Final = 36_000_000
_LIMIT_PAGE_NODES: Final = 1_000
_LIMIT_LAYERS: Final = 4
_DEFLATE_MOST: Final = 1032
"""To how many bytes deflate can blow up one, at most (RFC 1951: 258 bytes for two bits)."""
_FILTER_ARRAY: Final = re.compile(rb"/Filter\s*\[")

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

    It looks for streams in the bytes, not by way of the tables: tables and object streams may be the bomb. A file that
    is too short to hold one need not be unpacked for that; what is packed twice is refused later, before it is drawn.
    """
    if len(pdf) * _DEFLATE_MOST <= LIMIT_UNPACKED_BYTES and not _FILTER_ARRAY.search(pdf):
        return
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


class Opened(NamedTuple):
    """A file that tells one story: as pyHanko reads it, and as we do."""

    reader: PdfFileReader
    objects: Objects


class Found(NamedTuple):
    """What a walk over all objects met. `seals`: seal values, also those that no field names and readers skip."""

    numbers: frozenset[int]
    seals: int


def open_document(pdf: bytes) -> Opened:
    """The file's objects, if it tells one story. Raises Refused, and whatever else pyHanko raises.

    Strict: hybrid and repaired tables show different files to different readers.
    """
    if not pdf.rstrip(b"\r\n").endswith(_END_OF_FILE):
        raise Refused(Reason.DOCUMENT_UNSAFE, "bytes after the end of the file")
    most = StreamDecodeLimits(max_output_size=LIMIT_UNPACKED_BYTES)
    reader = PdfFileReader(io.BytesIO(pdf), strict=True, decode_limits=DecodeLimits(per_stream=most))
    revisions = reader.xrefs.total_revisions
    if pdf.count(b"startxref") != revisions or pdf.count(_END_OF_FILE) != revisions:
        raise Refused(Reason.DOCUMENT_UNSAFE, "more ends of file than revisions")
    for revision in range(revisions):
        if reader.xrefs.get_xref_data(revision).hybrid is not None:
            raise Refused(Reason.DOCUMENT_UNSAFE, "hybrid cross-reference table")
        if not _TABLE.match(pdf, reader.xrefs.get_xref_container_info(revision).declared_startxref):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a cross-reference table is not where it is said to be")
    if reader.encrypted or "/Encrypt" in reader.trailer:
        raise Refused(Reason.DOCUMENT_UNSAFE, "encrypted")
    return Opened(reader, Objects(pdf, reader))


def refuse_active(objects: Objects) -> Found:
    """Anything but pages and seals. Raises Refused."""
    seen: set[int] = set()
    seals = 0
    for item in _reachable(objects, seen):
        _refuse_active_item(objects, item)
        kind = _name(objects, item, "/Type")
        seals += kind == "/Sig" or ("/ByteRange" in item and kind != "/DocTimeStamp")
    _refuse_form(objects)
    return Found(frozenset(seen), seals)


def refuse_hidden(objects: Objects, found: Found) -> None:
    """Objects to which nothing leads: today they are not seen, an update could show them (shadow attack "hide")."""
    if objects.in_use - found.numbers:
        raise Refused(Reason.DOCUMENT_UNSAFE, "hidden objects")


def refuse_other_paper(objects: Objects, policy: Policy) -> int:
    """The number of pages, each of the paper that `policy` names. Raises Refused."""
    pages = list(_pages(objects))
    if not 1 <= len(pages) <= policy.pages_most:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{len(pages)} pages")
    for page, inherited in pages:
        _refuse_box(objects, page, inherited, policy.paper)
        _refuse_annotations(objects, page)
    return len(pages)


def _reachable(objects: Objects, seen: set[int]) -> Iterator[dict[str, Any]]:
    """Every dictionary and stream that can be reached, once; the numbers of all objects on the way go into `seen`."""
    waiting: list[Any] = list(objects.roots)
    for _ in range(LIMIT_OBJECTS):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, Reference):
            if item in seen:
                continue
            seen.add(int(item))
            item = objects[item]
        if isinstance(item, dict):
            waiting.extend(value for value in item.values() if isinstance(value, _CONTAINERS))
            yield item
        elif isinstance(item, list):
            waiting.extend(value for value in item if isinstance(value, _CONTAINERS))
    raise Refused(Reason.DOCUMENT_UNSAFE, f"more than {LIMIT_OBJECTS} objects")


_CONTAINERS: Final = (Reference, dict, list)


def _refuse_active_item(objects: Objects, item: dict[str, Any]) -> None:
    if hit := _FORBIDDEN_KEYS.intersection(item):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"active or foreign content: {min(hit)}")
    kind, subkind, style = (_name(objects, item, key) for key in ("/Type", "/Subtype", "/S"))
    if kind == "/Action" or (kind is None and style in _ACTIONS):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"action {style}")
    if kind in ("/Filespec", "/EmbeddedFile"):
        raise Refused(Reason.DOCUMENT_UNSAFE, "external or attached file")
    if subkind == "/PS" or (subkind == "/Form" and "/Ref" in item):
        raise Refused(Reason.DOCUMENT_UNSAFE, "PostScript or reference XObject")
    if isinstance(item, Stream):
        _refuse_stream(objects, item, subkind)


def _refuse_stream(objects: Objects, item: Stream, subkind: str | None) -> None:
    if "/F" in item:
        raise Refused(Reason.DOCUMENT_UNSAFE, "external or attached file")
    filters = objects.value(item, "/Filter")
    names = filters if isinstance(filters, list) else [filters] if filters is not None else []
    if len(names) > 1 or not _FILTERS.issuperset(map(objects.resolved, names)):
        raise Refused(Reason.DOCUMENT_UNSAFE, "a stream is packed in an unusual way")
    if subkind == "/Image":
        width, height = (number(objects.value(item, key)) for key in ("/Width", "/Height"))
        if width * height > LIMIT_IMAGE_PIXELS:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a picture has too many pixels")


def _refuse_form(objects: Objects) -> None:
    """The only field of the only form is the seal's (and time-stamps of the archive, which are signatures too)."""
    form = objects.value(objects.root, "/AcroForm")
    if form is None:
        return
    for field in objects.array(objects.dictionary(form).get("/Fields")):
        item = objects.dictionary(field)
        if _name(objects, item, "/FT") != "/Sig" or "/V" not in item or "/Kids" in item:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a form")


def _name(objects: Objects, item: dict[str, Any], key: str) -> str | None:
    value = objects.value(item, key)
    return value if isinstance(value, Name) else None


def _pages(objects: Objects) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every page with what it inherits (7.7.3.4). A tree that loops, shares or pads its nodes is refused."""
    seen: set[int] = set()
    waiting: list[tuple[Any, dict[str, Any]]] = [(objects.root.get("/Pages"), {})]
    while waiting:
        reference, inherited = waiting.pop()
        if not isinstance(reference, Reference) or reference in seen or len(seen) >= _LIMIT_PAGE_NODES:
            raise Refused(Reason.DOCUMENT_UNSAFE, "the tree of pages is no tree")
        seen.add(int(reference))
        node = objects.dictionary(reference)
        inherited = inherited | {key: node[key] for key in _INHERITED if key in node}
        kind = _name(objects, node, "/Type")
        if kind == "/Pages":
            waiting.extend((kid, inherited) for kid in reversed(objects.array(node.get("/Kids"))))
        elif kind == "/Page":
            yield node, inherited
        else:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page that is no page")


def _refuse_box(objects: Objects, page: dict[str, Any], inherited: dict[str, Any], paper: str) -> None:
    boxes = inherited | {key: page[key] for key in _BOXES if key in page}
    if "/MediaBox" not in boxes or "/UserUnit" in page:
        raise Refused(Reason.DOCUMENT_UNSAFE, "a page without a size, or with a unit of its own")
    for key in _BOXES:
        if key not in boxes:
            continue
        corners = list(numbers(objects.array(boxes[key])))
        if len(corners) != 4:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page with a size that is none")
        left, low, right, high = corners
        sides = sorted((abs(right - left), abs(high - low)))
        if any(abs(side - due) > _TOLERANCE_PT for side, due in zip(sides, _SIDES_PT[paper], strict=True)):
            raise Refused(Reason.DOCUMENT_UNSAFE, f"a page is not {paper}")


def _refuse_annotations(objects: Objects, page: dict[str, Any]) -> None:
    for annotation in objects.array(page.get("/Annots")):
        item = objects.dictionary(annotation)
        is_widget = _name(objects, item, "/Subtype") == "/Widget"
        if not (is_widget and _name(objects, item, "/FT") == "/Sig" and "/V" in item):
            raise Refused(Reason.DOCUMENT_UNSAFE, "annotation other than the seal")
