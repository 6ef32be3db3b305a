"""The objects of a file as they are written (ISO 32000-2, 7.3), read strictly, by one regular expression.

What inspection asks is which names and references stand where; numbers and strings it takes as they are. A file that
is written in a way that two readers might take differently is refused: one key twice in a dictionary, a comment within
an object, a stream that is not as long as it says. pyHanko, which verifies, and pdfium, which draws, each have a parser
of their own; this one is the third opinion, and quicker than the first.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader

from kiosk.reasons import Reason, Refused

LIMIT_OBJECTS: Final = 50_000
LIMIT_UNPACKED_BYTES: Final = 128 * 1024 * 1024
_DEEPEST: Final = 100

_S: Final = rb"[\x00\t\n\f\r ]"
_END: Final = rb"(?=[\x00\t\n\f\r ()<>\[\]{}/%]|$)"
_REFERENCE: Final = rb"\d{1,10}%b+\d{1,5}%b+R%b" % (_S, _S, _END)
_TOKEN: Final = re.compile(
    rb"%(s)b*(?:"
    rb"(?P<name>/[^\x00\t\n\f\r ()<>\[\]{}/%%]*)"
    rb"|(?P<reference>%(r)b)"
    rb"|(?P<open><<)|(?P<close>>>)|(?P<array>\[)|(?P<end>\])"
    rb"|(?P<plain>(?:(?!%(r)b)[+-]?[\d.]++%(s)b*+)+|(?:true|false|null)%(e)b"
    rb"|<[0-9A-Fa-f\x00\t\n\f\r ]*>|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+\))"
    rb")" % {b"s": _S, b"r": _REFERENCE, b"e": _END},
    re.DOTALL,
)
_STREAM: Final = re.compile(rb"%b*stream(?:\r\n|\n)" % _S)
_ENDOBJ: Final = re.compile(rb"%b*endobj%b" % (_S, _END))
_ENDSTREAM: Final = re.compile(rb"%b*endstream%b*endobj%b" % (_S, _S, _END))
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")


class Name(str):
    """A name, with its slash, escapes undone."""

    __slots__ = ()


class Reference(int):
    """The number of another object."""

    __slots__ = ()


class Stream(dict[str, Any]):
    """A stream's dictionary; `packed` is what it holds."""

    packed: bytes


Value = Name | Reference | bytes | list[Any] | dict[str, Any]
"""`bytes`: numbers (a run of them), a string, true, false or null, as written."""


class Objects:
    """Every object that a file's tables name today, read when it is asked for."""

    def __init__(self, pdf: bytes, reader: PdfFileReader) -> None:
        """Raises Refused when a table tells two stories."""
        self._pdf = pdf
        self._places: dict[int, int | tuple[int, int]] = {}
        self._vessels: set[int] = set()
        self._read: dict[int, Value] = {}
        for revision in range(reader.xrefs.total_revisions):
            self._add(reader.xrefs.get_xref_data(revision))
            place = reader.xrefs.get_xref_container_info(revision)
            if place.stream_ref is not None:
                self._vessels.add(place.stream_ref.idnum)
        self.roots = [
            Reference(reader.trailer.raw_get(key).idnum) for key in ("/Root", "/Info") if key in reader.trailer
        ]

    def _add(self, table: Any) -> None:
        if len(table.explicit_refs_in_revision) > LIMIT_OBJECTS:
            raise Refused(Reason.DOCUMENT_UNSAFE, f"more than {LIMIT_OBJECTS} objects")
        for number in table.freed:
            self._places.pop(number, None)
        for number, (generation, offset) in table.standard_xrefs.items():
            if not self._pdf.startswith(b"%d %d obj" % (number, generation), offset):
                raise Refused(Reason.DOCUMENT_UNSAFE, "a cross-reference entry points elsewhere than at its object")
            self._places[number] = offset
        for number, place in table.xrefs_in_objstm.items():
            self._places[number] = (place.obj_stream_id, place.ix_in_stream)
            self._vessels.add(place.obj_stream_id)

    @property
    def in_use(self) -> set[int]:
        """The numbers of all objects but those that only hold tables or other objects."""
        return self._places.keys() - self._vessels

    @property
    def root(self) -> dict[str, Any]:
        """The catalogue."""
        return self.dictionary(self.roots[0])

    def __getitem__(self, reference: Reference) -> Value:
        """Raises Refused when there is none, or it is not written as it should be."""
        number = int(reference)
        if number not in self._read:
            place = self._places.get(number)
            if place is None:
                raise Refused(Reason.DOCUMENT_UNSAFE, "a reference to nothing")
            self._read[number] = self._at(place) if isinstance(place, int) else self._inside(*place)
        return self._read[number]

    def resolved(self, value: Any) -> Any:
        """`value`, or what it refers to."""
        return self[value] if isinstance(value, Reference) else value

    def value(self, item: dict[str, Any], key: str) -> Any:
        """The value of `key`, or None."""
        return self.resolved(item.get(key))

    def dictionary(self, value: Any) -> dict[str, Any]:
        """`value`, or what it refers to, which must be a dictionary. Raises Refused."""
        found = self.resolved(value)
        if not isinstance(found, dict):
            raise Refused(Reason.DOCUMENT_UNSAFE, "something else where a dictionary belongs")
        return found

    def array(self, value: Any) -> list[Any]:
        """`value`, or what it refers to, which must be an array, or nothing. Raises Refused."""
        found = self.resolved(value)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Refused(Reason.DOCUMENT_UNSAFE, "something else where an array belongs")
        return found

    def _at(self, offset: int) -> Value:
        value, at = read_value(self._pdf, self._pdf.index(b"obj", offset) + 3)
        if _ENDOBJ.match(self._pdf, at):
            return value
        begin = _STREAM.match(self._pdf, at)
        if begin is None or not isinstance(value, dict):
            raise Refused(Reason.DOCUMENT_UNSAFE, "an object does not end where it should")
        length = value.get("/Length")
        if isinstance(length, Reference):
            length = self._number_at(length)
        end = begin.end() + number(length)
        if _ENDSTREAM.match(self._pdf, end) is None:
            raise Refused(Reason.DOCUMENT_UNSAFE, "a stream is not as long as it says")
        stream = Stream(value)
        stream.packed = self._pdf[begin.end() : end]
        return stream

    def _number_at(self, reference: Reference) -> Value:
        """An object that is a number: a length that leads to a stream would lead round in circles."""
        place = self._places.get(int(reference))
        if not isinstance(place, int):
            raise Refused(Reason.DOCUMENT_UNSAFE, "a length that is nowhere")
        return read_value(self._pdf, self._pdf.index(b"obj", place) + 3)[0]

    def _inside(self, vessel: int, index: int) -> Value:
        """An object in an object stream (7.5.7)."""
        place = self._places.get(vessel)
        stream = self._at(place) if isinstance(place, int) else None
        if not isinstance(stream, Stream) or stream.get("/Filter") != "/FlateDecode" or "/DecodeParms" in stream:
            raise Refused(Reason.DOCUMENT_UNSAFE, "an object stream packed in an unusual way")
        content = zlib.decompressobj().decompress(stream.packed, LIMIT_UNPACKED_BYTES)
        first = number(stream.get("/First"))
        header = content[:first].split()
        return read_value(content, first + int(header[2 * index + 1]))[0]


def read_value(data: bytes, at: int) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends. Raises Refused."""
    open_: list[tuple[str, list[Any]]] = []
    match = _TOKEN.match
    while True:
        found = match(data, at)
        if found is None:
            raise Refused(Reason.DOCUMENT_UNSAFE, "an object is written in an unusual way")
        at = found.end()
        value: Any
        kind = found.lastgroup
        if kind == "name":
            value = _name(found["name"])
        elif kind == "plain":
            value = found["plain"]
        elif kind == "reference":
            value = Reference(re.split(_S, found["reference"], maxsplit=1)[0])
        elif kind in ("open", "array"):
            if len(open_) == _DEEPEST:
                raise Refused(Reason.DOCUMENT_UNSAFE, "nested too deeply")
            open_.append((kind, []))
            continue
        elif open_ and open_[-1][0] == ("open" if kind == "close" else "array"):
            kind, parts = open_.pop()
            value = parts if kind == "array" else _dictionary(parts)
        else:
            raise Refused(Reason.DOCUMENT_UNSAFE, "brackets that do not match")
        if not open_:
            return value, at
        open_[-1][1].append(value)


def number(value: Any) -> int:
    """One whole number that is not negative. Raises Refused."""
    if not isinstance(value, bytes) or not value.strip().isdigit() or len(value) > 12:
        raise Refused(Reason.DOCUMENT_UNSAFE, "something else where a number belongs")
    return int(value)


def numbers(values: list[Any]) -> Iterator[float]:
    """The numbers of an array of numbers. Raises Refused."""
    for run in values:
        if not isinstance(run, bytes):
            raise Refused(Reason.DOCUMENT_UNSAFE, "something else where a number belongs")
        try:
            yield from map(float, run.split())
        except ValueError:
            raise Refused(Reason.DOCUMENT_UNSAFE, "something else where a number belongs") from None


def _name(written: bytes) -> Name:
    if b"#" in written:
        written = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), written)
    return Name(written.decode("latin-1"))


def _dictionary(parts: list[Any]) -> dict[str, Any]:
    keys = parts[::2]
    if len(parts) % 2 or not all(isinstance(key, Name) for key in keys):
        raise Refused(Reason.DOCUMENT_UNSAFE, "a dictionary that is none")
    found = dict(zip(keys, parts[1::2], strict=True))
    if len(found) != len(keys):
        raise Refused(Reason.DOCUMENT_UNSAFE, "a dictionary names one key twice")
    return found
