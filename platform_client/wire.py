"""XML in and out: checked against our own schemas in both directions, and nothing of XML's dangerous parts (C02).

A document type declaration is refused whatever it says: with it go external entities and entity bombs (OWASP XXE). A
document is read as it arrives, so what is too long, too deep or declares a type is refused before its end was even
sent. A parser quotes what it could not read and a validator what it did not like, so their messages end here:
`WireError` says which kind of rule was broken, never by which content.
"""

from functools import cache
from importlib import resources
from typing import Final

from lxml import etree

PLATFORM: Final = "urn:x-onecard:platform:1"
EVIDENCE: Final = "urn:x-onecard:evidence:1"
EXCHANGE: Final = "urn:x-onecard:exchange:1"
"""What the systems of the sandbox say to each other."""
LIMIT_BYTES: Final = 8 * 1024 * 1024
"""Of one document. A certificate is 40 kB; libxml2 itself stops at 10 MB for one text."""
DEPTH: Final = 16
"""Of elements in elements. Our deepest document has six."""

SCHEMAS: Final = {PLATFORM: "platform.xsd", EVIDENCE: "evidence.xsd", EXCHANGE: "exchange.xsd"}


class WireError(Exception):
    """These bytes, or this tree, are not a document of our interface."""


class Malformed(WireError):
    """Not XML, or XML with parts that nobody needs and attackers like."""


class TooLarge(WireError):
    """Longer than any document of our interface."""


class NotOurs(WireError):
    """XML, but against the schema, or another message than the expected one."""


class Reader:
    """Takes a document in pieces and gives up as soon as it cannot become one of ours. Raises WireError."""

    def __init__(self, namespace: str, limit_bytes: int = LIMIT_BYTES) -> None:
        self._namespace = namespace
        self._left = self._limit = limit_bytes
        self._depth = 0
        # A parser holds the state of its last document: one for each, so that nothing of it stays.
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left < 0:
            raise TooLarge(f"more than {self._limit} bytes")
        try:
            self._parser.feed(part)
        except (etree.XMLSyntaxError, ValueError):
            raise Malformed("not well-formed") from None
        self._look()

    def close(self) -> etree._Element:
        """The root, valid under the schema."""
        try:
            root: etree._Element = self._parser.close()
        except (etree.XMLSyntaxError, ValueError):
            raise Malformed("not well-formed") from None
        self._look()
        if root.getroottree().docinfo.internalDTD is not None:
            raise Malformed("document type declaration")
        _check(root, self._namespace)
        return root

    def _look(self) -> None:
        for event, node in self._parser.read_events():
            if event == "end":
                self._depth -= 1
                continue
            self._depth += 1
            assert isinstance(node, etree._Element)
            if self._depth == 1 and node.getroottree().docinfo.internalDTD is not None:
                raise Malformed("document type declaration")
            if self._depth > DEPTH:
                raise Malformed(f"more than {DEPTH} elements deep")


def parse(data: bytes, namespace: str) -> etree._Element:
    """The root of a document that is valid under the schema of `namespace`. Raises WireError."""
    reader = Reader(namespace)
    reader.feed(data)
    return reader.close()


def serialise(root: etree._Element, namespace: str) -> bytes:
    """`root` as UTF-8 bytes, valid under the schema of `namespace`. Raises WireError."""
    _check(root, namespace)
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    if len(data) > LIMIT_BYTES:
        raise TooLarge(f"more than {LIMIT_BYTES} bytes")
    return data


def element(namespace: str, name: str) -> etree._Element:
    """A new root."""
    return etree.Element(etree.QName(namespace, name), nsmap={None: namespace})  # type: ignore[dict-item]


def child(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """Append an element in the namespace of `parent`. Raises WireError for characters XML cannot carry."""
    node = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, name))
    try:
        node.text = text
    except ValueError:
        raise NotOurs(f"{name} holds characters XML cannot carry") from None
    return node


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    with resources.as_file(resources.files("platform_client.schemas")) as folder:
        return etree.XMLSchema(file=str(folder / SCHEMAS[namespace]))


def _check(root: etree._Element, namespace: str) -> None:
    schema = _schema(namespace)
    if not schema.validate(root):
        # The rule and the line, without the validator's message: the message quotes content.
        rules = ", ".join(f"{entry.type_name} in line {entry.line}" for entry in schema.error_log)  # type: ignore[attr-defined]
        raise NotOurs(f"against the schema: {rules}")
