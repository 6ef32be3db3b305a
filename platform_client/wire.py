"""XML in and out: checked against our own schemas in both directions, and nothing of XML's dangerous parts (C02).

A document type declaration is refused whatever it says: with it go external entities and entity bombs (OWASP XXE). A
parser quotes what it could not read and a validator what it did not like, so their messages end here: `WireError` says
which kind of rule was broken, never by which content.
"""

from base64 import b64decode, b64encode
from functools import cache
from importlib import resources
from typing import Final

from lxml import etree

PLATFORM: Final = "urn:x-onecard:platform:1"
EVIDENCE: Final = "urn:x-onecard:evidence:1"
LIMIT_BYTES: Final = 8 * 1024 * 1024
"""Of one document. A certificate is 40 kB; libxml2 itself stops at 10 MB for one text."""

_SCHEMAS: Final = {PLATFORM: "platform.xsd", EVIDENCE: "evidence.xsd"}


class WireError(Exception):
    """These bytes, or this tree, are not a document of our interface."""


def parse(data: bytes, namespace: str) -> etree._Element:
    """The root of a document that is valid under the schema of `namespace`. Raises WireError."""
    if len(data) > LIMIT_BYTES:
        raise WireError(f"document of {len(data)} bytes")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise WireError("not well-formed") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise WireError("document type declaration")
    _check(root, namespace)
    return root


def serialise(root: etree._Element, namespace: str) -> bytes:
    """`root` as UTF-8 bytes, valid under the schema of `namespace`. Raises WireError."""
    _check(root, namespace)
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    if len(data) > LIMIT_BYTES:
        raise WireError(f"document of {len(data)} bytes")
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
        raise WireError(f"{name} holds characters XML cannot carry") from None
    return node


def blob(parent: etree._Element, name: str, data: bytes) -> None:
    """Append an element that carries `data` in base64."""
    child(parent, name, b64encode(data).decode("ascii"))


def at(parent: etree._Element, path: str) -> etree._Element:
    """The element at `path` (local names joined by /), which the schema has promised."""
    found = parent.find(_local(path))
    if found is None:
        raise WireError(f"no {path}")
    return found


def text_at(parent: etree._Element, path: str) -> str:
    """The text of the element at `path`."""
    return at(parent, path).text or ""


def blob_at(parent: etree._Element, path: str) -> bytes:
    """The bytes of the base64 element at `path`."""
    return b64decode(text_at(parent, path))


def blobs_at(parent: etree._Element, path: str) -> tuple[bytes, ...]:
    """The bytes of every base64 element at `path`, in order."""
    return tuple(b64decode(node.text or "") for node in parent.findall(_local(path)))


def _local(path: str) -> str:
    return "/".join(f"{{*}}{name}" for name in path.split("/"))


def _parser() -> etree.XMLParser:
    # A parser holds the state of its last document: one for each, so that nothing of it stays.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    source = resources.files("platform_client.schemas") / _SCHEMAS[namespace]
    return etree.XMLSchema(etree.fromstring(source.read_bytes()))


def _check(root: etree._Element, namespace: str) -> None:
    schema = _schema(namespace)
    if not schema.validate(root):
        # The rule and the line, without the validator's message: the message quotes content.
        rules = ", ".join(f"{entry.type_name} in line {entry.line}" for entry in schema.error_log)  # type: ignore[attr-defined]
        raise WireError(f"against the schema: {rules}")
