"""What a certificate says about itself: one XMP packet under the seal (ISO 16684-1; docs/certificate-statement.md).

The packet is read after the seal was verified, and still as a stranger's XML: no DTD, no entity, no network, nothing
beyond the properties that this terminal knows, each exactly once.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from kiosk.messages import Statement
from kiosk.reasons import Reason, Refused

NAMESPACE: Final = "urn:x-onecard:certificate-statement:1#"
LIMIT_BYTES: Final = 64 * 1024
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PROPERTIES: Final = {
    "requestId": "request_id",
    "nonce": "nonce",
    "kind": "kind",
    "issuer": "issuer",
    "level": "level",
    "subjectDigest": "subject_digest",
    "validUntil": "valid_until",
}


def read_statement(document: PdfFileReader) -> Statement:
    """The statement in the catalog's /Metadata stream. Raises Refused: WRONG_DOCUMENT if there is none."""
    stream = document.root["/Metadata"] if "/Metadata" in document.root.keys() else None  # noqa: SIM118
    if not isinstance(stream, generic.StreamObject):
        raise Refused(Reason.WRONG_DOCUMENT, "no statement")
    return parse_statement(stream.data)


def parse_statement(packet: bytes) -> Statement:
    """The statement in an XMP packet. Raises Refused."""
    if len(packet) > LIMIT_BYTES:
        raise Refused(Reason.DOCUMENT_UNSAFE, "statement too long")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError):
        # lxml quotes the offending text in its message.
        raise Refused(Reason.WRONG_DOCUMENT, "the statement is not XML") from None
    if root.getroottree().docinfo.internalDTD is not None or next(root.iter(etree.Entity), None) is not None:
        raise Refused(Reason.DOCUMENT_UNSAFE, "the statement brings a DTD or an entity")
    found: dict[str, str] = {}
    for name, value in _properties(root):
        if name not in _PROPERTIES or name in found:
            raise Refused(Reason.WRONG_DOCUMENT, "the statement has a property twice or one that is unknown")
        found[name] = value
    if missing := [name for name in _PROPERTIES if not found.get(name)]:
        raise Refused(Reason.WRONG_DOCUMENT, f"the statement lacks {', '.join(missing)}")
    return Statement(**{field: found[name] for name, field in _PROPERTIES.items()})


def _properties(root: etree._Element) -> Iterator[tuple[str, str]]:
    """The packet's properties in our namespace: as attributes or as elements, which in RDF/XML say the same."""
    for description in root.iter(f"{{{_RDF}}}Description"):
        for name, value in description.attrib.items():
            if etree.QName(name).namespace == NAMESPACE:
                yield etree.QName(name).localname, str(value)
        for element in description.iterchildren(f"{{{NAMESPACE}}}*"):
            if len(element) or element.attrib:
                raise Refused(Reason.WRONG_DOCUMENT, "a property of the statement is not plain text")
            yield etree.QName(element).localname, element.text or ""
