"""The statement under the seal: read strictly, whoever wrote the XML."""

import pytest
from sealed_samples import STATEMENT, compose

from kiosk.documents.inspect import open_document
from kiosk.documents.statement import NAMESPACE, parse_statement, read_statement
from kiosk.reasons import Reason, Refused

PACKET = STATEMENT.xmp()


def reason(packet: str | bytes) -> Reason:
    with pytest.raises(Refused) as refused:
        parse_statement(packet.encode() if isinstance(packet, str) else packet)
    return refused.value.reason


def test_the_platforms_packet() -> None:
    stated = parse_statement(PACKET.encode())
    assert (stated.request_id, stated.kind, stated.issuer) == ("request-1", "household", STATEMENT.issuer)
    assert stated.valid_until == "2026-12-31"


def test_properties_as_attributes_say_the_same() -> None:
    """RDF/XML allows both, and pyHanko rewrites one into the other when it seals."""
    element = "<cert:kind>household</cert:kind>"
    assert element in PACKET
    attribute = PACKET.replace(element, "").replace('rdf:about=""', 'rdf:about="" cert:kind="household"')
    assert parse_statement(attribute.encode()) == parse_statement(PACKET.encode())


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        ("", Reason.WRONG_DOCUMENT),
        ("<not xml", Reason.WRONG_DOCUMENT),
        ("<x/>", Reason.WRONG_DOCUMENT),
        (PACKET.replace(NAMESPACE, "urn:other"), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>A</cert:level>", ""), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>A</cert:level>", "<cert:level/>"), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>A", "<cert:level>A</cert:level><cert:level>B"), Reason.WRONG_DOCUMENT),
        (PACKET.replace('rdf:about=""', 'rdf:about="" cert:level="B"'), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>A", "<cert:level><b>A</b>"), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>", '<cert:level xml:lang="zh">'), Reason.WRONG_DOCUMENT),
        (PACKET.replace("<cert:level>", "<cert:more>1</cert:more><cert:level>"), Reason.WRONG_DOCUMENT),
        ("<!DOCTYPE x>" + PACKET, Reason.DOCUMENT_UNSAFE),
        ('<!DOCTYPE x [<!ENTITY a "A">]>' + PACKET.replace("<cert:level>A", "<cert:level>&a;"), Reason.DOCUMENT_UNSAFE),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd">' + PACKET, Reason.DOCUMENT_UNSAFE),
        (PACKET + " " * 70_000, Reason.DOCUMENT_UNSAFE),
    ],
)
def test_everything_else_is_refused(packet: str, why: Reason) -> None:
    assert reason(packet) is why


def test_no_packet_at_all() -> None:
    with pytest.raises(Refused, match="no statement"):
        read_statement(open_document(compose(statement=None)).reader)


def test_a_doctype_in_another_encoding_is_seen_too() -> None:
    assert reason(("<!DOCTYPE x>" + PACKET).encode("utf-16")) is Reason.DOCUMENT_UNSAFE
