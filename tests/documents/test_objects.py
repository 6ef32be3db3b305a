"""The strict reader of objects: what it takes, what it refuses, and files whose objects lie in object streams."""

import asyncio
import zlib

import pytest
from sealed_samples import STATEMENT, ZHANG, Sealer, question

from kiosk.documents.inspect import open_document
from kiosk.documents.objects import Name, Reference, read_value
from kiosk.documents.verdict import judge
from kiosk.messages import Verified
from kiosk.reasons import Refused


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"/Name", "/Name"),
        (b"/J#53", "/JS"),
        (b"/", "/"),
        (b"12 0 R", 12),
        (b"12\x000\x00R", 12),
        (b"[12 0 R]", [12]),
        (b"[1 2 12 0 R 3]", [b"1 2 ", 12, b"3"]),
        (b"<</A/B/C 1/D true>>", {"/A": "/B", "/C": b"1", "/D": b"true"}),
        (b"<</A<</B[<</C(x)>>]>>>>", {"/A": {"/B": [{"/C": b"(x)"}]}}),
        (b"(a (nested) \\) string)", b"(a (nested) \\) string)"),
        (b"<48 65>", b"<48 65>"),
        (b"-.5", b"-.5"),
    ],
)
def test_what_it_takes(written: bytes, value: object) -> None:
    read, end = read_value(b" \n" + written, 0)
    assert read == value
    assert end == len(written) + 2
    assert not isinstance(value, str) or isinstance(read, Name)
    assert not isinstance(value, int) or isinstance(read, Reference)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"<</A 1/A 2>>",
        b"<</JS 1/J#53 2>>",
        b"<</A>>",
        b"<<1 2>>",
        b"[1>>",
        b"<</A 1]",
        b"]",
        b"% comment\n1",
        b"<</A %x\n1>>",
        b"trueish",
        b"(never ends",
        b"<4G>",
        b"[" * 101 + b"]" * 101,
        b"stream",
    ],
)
def test_what_it_refuses(written: bytes) -> None:
    with pytest.raises(Refused):
        read_value(written, 0)


def compressed(*, filters: bytes = b"/FlateDecode", spare: bytes = b"") -> bytes:
    """A certificate as many producers write it (PDF 1.5): objects in an object stream, a cross-reference stream."""
    bodies = {
        1: b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R%s>>" % spare,
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Contents 5 0 R/Resources<</Font<</F 7 0 R>>>>>>",
        7: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    header, content = b"", b""
    for number, body in bodies.items():
        header += b"%d %d " % (number, len(content))
        content += body + b" "
    packed = zlib.compress(header + content)
    text, statement = b"BT /F 12 Tf 50 700 Td (%s) Tj ET" % ZHANG.number.encode(), STATEMENT.xmp().encode()
    streams = {
        4: (b"/Type/ObjStm/N %d/First %d/Filter%s" % (len(bodies), len(header), filters), packed),
        5: (b"", text),
        6: (b"/Type/Metadata/Subtype/XML", statement),
    }
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, (entries, data) in streams.items():
        places[number] = len(out)
        out += b"%d 0 obj\n<<%s/Length %d>>stream\n%s\nendstream\nendobj\n" % (number, entries, len(data), data)
    places[8] = len(out)
    rows = [b"\0\0\0\0"]
    for number in range(1, 9):
        inside = list(bodies).index(number) if number in bodies else None
        kind, first, second = (2, 4, inside) if inside is not None else (1, places[number], 0)
        rows.append(bytes([kind]) + first.to_bytes(2, "big") + bytes([second]))
    table = b"".join(rows)
    out += b"8 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Root 1 0 R/Length %d>>stream\n%s\nendstream\nendobj\n" % (
        len(table),
        table,
    )
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % places[8])


def test_objects_in_object_streams(sealer: Sealer) -> None:
    """Platforms of others write so; the seal is one revision more, with a table of the same form."""
    opened = open_document(compressed())
    assert opened.objects.in_use == {1, 2, 3, 5, 6, 7}
    assert opened.objects.root["/Type"] == "/Catalog"
    answer = asyncio.run(judge(question(sealer.seal(compressed()), sealer.trust), sealer.now))
    assert isinstance(answer, Verified), answer
    assert len(answer.numbers) == 1


def test_what_hides_in_an_object_stream_is_found(sealer: Sealer) -> None:
    scripted = compressed(spare=b"/OpenAction<</S/JavaScript/JS(x)>>")
    answer = asyncio.run(judge(question(sealer.seal(scripted), sealer.trust), sealer.now))
    assert not isinstance(answer, Verified)
    assert "/JS" in answer.detail
