"""What the sealed document says about itself: an XMP packet (ISO 16684-1) in the PDF's /Metadata, under the seal.

The properties and the digest are specified in docs/certificate-statement.md.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from lxml import etree

NAMESPACE: Final = "urn:x-onecard:certificate-statement:1#"
_META: Final = "adobe:ns:meta/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@dataclass(frozen=True, slots=True)
class Statement:
    """The statement's properties. `subject_digest` names the person without showing them."""

    request_id: str
    nonce: str
    kind: str
    issuer: str
    level: str
    subject_digest: str
    valid_until: date

    def xmp(self) -> str:
        """The packet's content, without the xpacket wrapper."""
        meta = etree.Element(etree.QName(_META, "xmpmeta"), nsmap={"x": _META})
        rdf = etree.SubElement(meta, etree.QName(_RDF, "RDF"), nsmap={"rdf": _RDF})
        about = etree.SubElement(rdf, etree.QName(_RDF, "Description"), nsmap={"cert": NAMESPACE})
        about.set(etree.QName(_RDF, "about"), "")
        for name, value in (
            ("requestId", self.request_id),
            ("nonce", self.nonce),
            ("kind", self.kind),
            ("issuer", self.issuer),
            ("level", self.level),
            ("subjectDigest", self.subject_digest),
            ("validUntil", self.valid_until.isoformat()),
        ):
            etree.SubElement(about, etree.QName(NAMESPACE, name)).text = value
        return etree.tostring(meta, encoding="unicode")
