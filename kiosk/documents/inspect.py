"""Is this file nothing but pages? A walk over every object a viewer could reach, before anything else is believed.

A seal says who made a file, not that the file is harmless, and a file can show one thing now and another later
(shadow attacks: hidden layers, annotations, scripts). We control what our platform's producers write, so everything
active, foreign or optional is refused rather than judged: actions and scripts (ISO 32000-2, 12.6), attachments and
external streams (7.11, 7.3.8), XFA, encryption (7.6), optional content (8.11), annotations other than the seal's own
widget (12.5). Decoding runs under pypdf's limits, the process under its own.
"""

import io
from collections.abc import Iterator
from typing import Final

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, PdfObject, StreamObject

from kiosk.reasons import Reason, Refused

LIMIT_BYTES: Final = 16 * 1024 * 1024
LIMIT_PAGES: Final = 20
LIMIT_OBJECTS: Final = 50_000
_LIMIT_DECODED_BYTES: Final = 32 * 1024 * 1024

# A4 (ISO 216) in points, upright; makers round.
_A4_PT: Final = (210 * 72 / 25.4, 297 * 72 / 25.4)
_TOLERANCE_PT: Final = 2.0

_SEAL_WIDGET: Final = ("/Widget", "/Sig")
# fmt: off
_FORBIDDEN_KEYS: Final = frozenset([
    "/AA", "/JavaScript", "/JS", "/XFA", "/EmbeddedFiles", "/EF", "/AF", "/Collection", "/OCProperties", "/OC",
    "/RichMediaContent", "/OPI", "/FFilter", "/Alternates",
])
_ACTIONS: Final = frozenset([
    "/GoTo", "/GoToR", "/GoToE", "/GoToDp", "/Launch", "/Thread", "/URI", "/Sound", "/Movie", "/Hide", "/Named",
    "/SubmitForm", "/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/JavaScript",
    "/RichMediaExecute",
])
# fmt: on


def open_document(pdf: bytes) -> pypdf.PdfReader:
    """The file's objects, under limits; strict, because the producer is ours. Raises Refused(DOCUMENT_UNSAFE)."""
    if len(pdf) > LIMIT_BYTES:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{len(pdf)} bytes")
    if not pdf.startswith(b"%PDF-"):
        raise Refused(Reason.DOCUMENT_UNSAFE, "not a PDF")
    document = pypdf.PdfReader(io.BytesIO(pdf), strict=True, root_object_recovery_limit=0)
    if document.is_encrypted:
        raise Refused(Reason.DOCUMENT_UNSAFE, "encrypted")
    return document


def limit_decoding() -> None:
    """Narrows pypdf's limits for this process, and lets it run no other program."""
    pypdf.overwrite_configuration(
        maximum_declared_stream_length=LIMIT_BYTES,
        array_based_stream_maximum_output_length=_LIMIT_DECODED_BYTES,
        zlib_maximum_output_length=_LIMIT_DECODED_BYTES,
        lzw_maximum_output_length=_LIMIT_DECODED_BYTES,
        run_length_maximum_output_length=_LIMIT_DECODED_BYTES,
        page_tree_maximum_entries=1_000,
        jbig2dec_binary=None,
    )


def inspect(document: pypdf.PdfReader) -> int:
    """The number of pages, if the file is nothing but A4 pages and one seal. Raises Refused."""
    seals = 0
    for item in _reachable(document):
        if isinstance(item, DictionaryObject):
            _refuse_active(item)
            kind = _name(item, "/Type")
            seals += kind == "/Sig" or ("/ByteRange" in item and kind != "/DocTimeStamp")
    if seals != 1:
        raise Refused(Reason.SEAL_INVALID, f"{seals} seals")
    pages = len(document.pages)
    if not 1 <= pages <= LIMIT_PAGES:
        raise Refused(Reason.DOCUMENT_UNSAFE, f"{pages} pages")
    for page in document.pages:
        _refuse_other_paper(page)
        _refuse_annotations(page)
    return pages


def _reachable(document: pypdf.PdfReader) -> Iterator[PdfObject]:
    """Every object that can be reached from the trailer, once. Raises Refused when there are too many."""
    seen: set[tuple[int, int]] = set()
    waiting: list[object] = [document.trailer]
    for _ in range(LIMIT_OBJECTS):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            name = (item.idnum, item.generation)
            if name in seen:
                continue
            seen.add(name)
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            # The dictionary's own methods resolve references; the walk wants to see them.
            waiting.extend(dict.values(item))
        elif isinstance(item, ArrayObject):
            waiting.extend(list.__iter__(item))
        if isinstance(item, PdfObject):
            yield item
    raise Refused(Reason.DOCUMENT_UNSAFE, f"more than {LIMIT_OBJECTS} objects")


def _refuse_active(item: DictionaryObject) -> None:
    if hit := _FORBIDDEN_KEYS.intersection(item):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"active or foreign content: {min(hit)}")
    kind, subkind, style = (_name(item, key) for key in ("/Type", "/Subtype", "/S"))
    if kind == "/Action" or (kind is None and style in _ACTIONS):
        raise Refused(Reason.DOCUMENT_UNSAFE, f"action {style}")
    if kind in ("/Filespec", "/EmbeddedFile") or (isinstance(item, StreamObject) and "/F" in item):
        raise Refused(Reason.DOCUMENT_UNSAFE, "external or attached file")
    if subkind == "/PS" or (subkind == "/Form" and "/Ref" in item):
        raise Refused(Reason.DOCUMENT_UNSAFE, "PostScript or reference XObject")


def _name(item: DictionaryObject, key: str) -> str | None:
    """The name behind `key`, references resolved: pypdf's `get` would return the reference, and miss what it hides."""
    value = item[key] if key in item else None  # noqa: SIM401
    return str(value) if isinstance(value, NameObject) else None


def _refuse_annotations(page: pypdf.PageObject) -> None:
    for annotation in page.annotations or ():
        item = annotation.get_object()
        is_seal = isinstance(item, DictionaryObject) and (_name(item, "/Subtype"), _name(item, "/FT")) == _SEAL_WIDGET
        if not is_seal:
            raise Refused(Reason.DOCUMENT_UNSAFE, "annotation other than the seal")


def _refuse_other_paper(page: pypdf.PageObject) -> None:
    for box in (page.mediabox, page.cropbox):
        sides = sorted((abs(float(box.width)), abs(float(box.height))))
        if any(abs(side - a4) > _TOLERANCE_PT for side, a4 in zip(sides, _A4_PT, strict=True)):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a page is not A4")
    if "/UserUnit" in page:
        raise Refused(Reason.DOCUMENT_UNSAFE, "a page has a unit of its own")
