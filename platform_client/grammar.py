"""Our schemas as values: what may stand where, in the part of XSD that we use (elements in sequences, simple types).

Read from the same files that judge every document, so that what is made of them cannot say something else: the
reference for implementers, examples, and documents for fuzzing.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from lxml import etree

from platform_client import wire

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_INCLUDED: Final = "schemaLocation"
UNBOUNDED: Final = 1_000
"""As good as without a bound: no list of ours is longer."""
_EXAMPLES: Final = {
    "boolean": "true",
    "positiveInteger": "1",
    "nonNegativeInteger": "0",
    "integer": "1",
    "decimal": "0.5",
    "date": "2026-11-23",
    "dateTime": "2026-11-23T01:02:03Z",
    "base64Binary": "JVBERi0xLjc=",
}


@dataclass(frozen=True, slots=True)
class Simple:
    """A value. `base`: the type of XSD behind it. Facets that are not set are None or empty."""

    name: str
    about: str
    base: str
    example: str
    pattern: str | None = None
    words: tuple[str, ...] = ()
    min_length: int | None = None
    max_length: int | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Complex:
    """Elements in an order."""

    name: str
    about: str
    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a complex type, from `least` to `most` times. `example` is empty where its type's will do."""

    name: str
    about: str
    example: str
    kind: Simple | Complex
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Root:
    """An element that can be a document."""

    name: str
    about: str
    kind: Simple | Complex


class Grammar:
    """The types and roots of one namespace."""

    def __init__(self, namespace: str) -> None:
        self._nodes: dict[tuple[str, str], etree._Element] = {}
        self._types: dict[str, Simple | Complex] = {}
        self._read(wire.SCHEMAS[namespace], set())

    @property
    def roots(self) -> dict[str, Root]:
        return {
            name: Root(name, _said(node, "documentation"), self._kind(node))
            for (tag, name), node in self._nodes.items()
            if tag == "element"
        }

    @property
    def types(self) -> dict[str, Simple | Complex]:
        return {name: self._named(name) for tag, name in self._nodes if tag != "element"}

    def _read(self, file: str, seen: set[str]) -> None:
        if file in seen:
            return
        seen.add(file)
        schema = etree.fromstring((resources.files("platform_client.schemas") / file).read_bytes())
        for node in schema:
            if node.tag == f"{_XS}include":
                self._read(node.get(_INCLUDED, ""), seen)
            elif isinstance(node.tag, str) and node.get("name"):
                self._nodes[_local(node), node.get("name", "")] = node

    def _kind(self, element: etree._Element) -> Simple | Complex:
        """The type of an element: named, or written in it."""
        if (named := element.get("type")) is not None:
            return self._named(named)
        for tag in ("complexType", "simpleType"):
            if (inline := element.find(f"{_XS}{tag}")) is not None:
                return self._made(inline, "")
        raise ValueError(f"{element.get('name')} has no type")

    def _named(self, name: str) -> Simple | Complex:
        if name.startswith("xs:"):
            base = name.removeprefix("xs:")
            return Simple(name, "", base, _EXAMPLES.get(base, "text"))
        if name not in self._types:
            node = self._nodes.get(("complexType", name))
            self._types[name] = self._made(self._nodes["simpleType", name] if node is None else node, name)
        return self._types[name]

    def _made(self, node: etree._Element, name: str) -> Simple | Complex:
        about = _said(node, "documentation")
        if _local(node) == "complexType":
            return Complex(
                name, about, tuple(self._part(each) for each in node.iterfind(f"{_XS}sequence/{_XS}element"))
            )
        (restriction,) = node.iterfind(f"{_XS}restriction")
        base = restriction.get("base", "").removeprefix("xs:")
        words = tuple(each.get("value", "") for each in restriction.iterfind(f"{_XS}enumeration"))
        example = _said(node, "appinfo") or (words[0] if words else _EXAMPLES.get(base, "text"))
        return Simple(
            name,
            about,
            base,
            example,
            _facet(restriction, "pattern"),
            words,
            _number(restriction, "minLength"),
            _number(restriction, "maxLength"),
            _number(restriction, "minInclusive"),
            _number(restriction, "maxInclusive"),
        )

    def _part(self, node: etree._Element) -> Part:
        most = node.get("maxOccurs", "1")
        return Part(
            node.get("name", ""),
            _said(node, "documentation"),
            _said(node, "appinfo"),
            self._kind(node),
            int(node.get("minOccurs", "1")),
            UNBOUNDED if most == "unbounded" else int(most),
        )


@cache
def grammar(namespace: str = wire.PLATFORM) -> Grammar:
    return Grammar(namespace)


def example(root: Root, namespace: str = wire.PLATFORM) -> etree._Element:
    """A document of every element once, and as often as it must stand there."""
    node = wire.element(namespace, root.name)
    _fill(node, root.kind, "")
    return node


def _fill(node: etree._Element, kind: Simple | Complex, own: str) -> None:
    if isinstance(kind, Simple):
        node.text = own or kind.example
        return
    for part in kind.parts:
        for _ in range(max(part.least, 1)):
            _fill(wire.child(node, part.name), part.kind, part.example)


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname


def _said(node: etree._Element, tag: str) -> str:
    """What an annotation says, in one line."""
    return " ".join((node.findtext(f"{_XS}annotation/{_XS}{tag}") or "").split())


def _facet(restriction: etree._Element, tag: str) -> str | None:
    node = restriction.find(f"{_XS}{tag}")
    return None if node is None else node.get("value")


def _number(restriction: etree._Element, tag: str) -> int | None:
    found = _facet(restriction, tag)
    return None if found is None else int(found)
