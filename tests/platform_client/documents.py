"""Documents of our schemas for hypothesis: good ones, and good ones with something wrong."""

import re
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Final

from hypothesis import strategies as st
from lxml import etree

from platform_client import wire
from platform_client.grammar import Complex, Part, Root, Simple, grammar

FEW: Final = 3
"""How many elements more than necessary a list gets."""
_PRINTED: Final = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs", "Cn", "Co"))


def texts(kind: Simple) -> st.SearchStrategy[str]:
    """Values of a simple type."""
    if kind.words:
        return st.sampled_from(kind.words)
    match kind.base:
        case "boolean":
            return st.sampled_from(("true", "false", "1", "0"))
        case "integer" | "positiveInteger" | "nonNegativeInteger":
            least = kind.least if kind.least is not None else int(kind.base == "positiveInteger")
            return st.integers(least, kind.most or 10**9).map(str)
        case "decimal":
            return st.decimals(-1000, 1000, places=6).map(str)
        case "base64Binary":
            return st.binary(min_size=kind.min_length or 0, max_size=60).map(lambda data: b64encode(data).decode())
        case "date":
            return st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat)
        case "dateTime":
            moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
            return moments.map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if kind.pattern is not None:
        found = st.from_regex(re.compile(kind.pattern), fullmatch=True, alphabet=_PRINTED)
        return found.filter(lambda text: len(text) <= (kind.max_length or len(text)))
    return st.text(_PRINTED, min_size=max(kind.min_length or 0, 1), max_size=min(kind.max_length or 40, 40))


def _filled(
    draw: Callable[[st.SearchStrategy[str]], str],
    times: Callable[[Part], int],
    node: etree._Element,
    kind: Simple | Complex,
) -> None:
    if isinstance(kind, Simple):
        node.text = draw(texts(kind))
        return
    for part in kind.parts:
        for _ in range(times(part)):
            _filled(draw, times, wire.child(node, part.name), part.kind)


@st.composite
def trees(draw: st.DrawFn, root: Root) -> etree._Element:
    """A good document (a list whose members must differ may still be refused)."""

    def times(part: Part) -> int:
        return draw(st.integers(part.least, min(part.most, part.least + FEW)))

    node = wire.element(wire.PLATFORM, root.name)
    _filled(draw, times, node, root.kind)
    return node


@st.composite
def broken(draw: st.DrawFn, root: Root) -> bytes:
    """A good document with something wrong in its elements, or in its bytes."""
    tree = draw(trees(root))
    for _ in range(draw(st.integers(1, 3))):
        tree = draw(st.sampled_from(_WRONGS))(draw, tree)
    data: bytes = etree.tostring(tree, encoding="utf-8")
    return draw(st.sampled_from(_SPOILT))(draw, data)


def good(root: Root) -> st.SearchStrategy[bytes]:
    return trees(root).map(lambda tree: etree.tostring(tree, encoding="utf-8"))


def any_root() -> st.SearchStrategy[Root]:
    return st.sampled_from(sorted(grammar().roots.values(), key=lambda root: root.name))


# --- what can be wrong -----------------------------------------------------------------------------------------------


def _one(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    return draw(st.sampled_from(list(tree.iter())))


def _lost(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    node = _one(draw, tree)
    if (parent := node.getparent()) is not None:
        parent.remove(node)
    return tree


def _twice(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    node = _one(draw, tree)
    if node.getparent() is not None:
        node.addnext(deepcopy(node))
    return tree


def _elsewhere(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    node, other = _one(draw, tree), _one(draw, tree)
    if node.getparent() is not None and node not in list(other.iterancestors()):
        other.append(node) if other is not node else None
    return tree


def _renamed(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    _one(draw, tree).tag = draw(st.sampled_from((f"{{{wire.PLATFORM}}}Other", "Other", "{urn:other}Code")))
    return tree


def _attributed(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    _one(draw, tree).set("name", "value")
    return tree


def _said_otherwise(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    _one(draw, tree).text = draw(st.text(_PRINTED | st.sampled_from(" \n\t"), max_size=300))
    return tree


def _deep(draw: st.DrawFn, tree: etree._Element) -> etree._Element:
    node = _one(draw, tree)
    for _ in range(draw(st.integers(1, 300))):
        node = etree.SubElement(node, f"{{{wire.PLATFORM}}}Deeper")
    return tree


_WRONGS: Final = (_lost, _twice, _elsewhere, _renamed, _attributed, _said_otherwise, _deep)
_BOMB: Final = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
_FILE: Final = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def _cut(draw: st.DrawFn, data: bytes) -> bytes:
    return data[: draw(st.integers(0, len(data)))]


def _flipped(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    return data[:at] + draw(st.binary(max_size=6)) + data[at + 1 :]


_SPOILT: Final = (
    lambda draw, data: data,
    lambda draw, data: data,
    _cut,
    _flipped,
    lambda draw, data: draw(st.sampled_from((_BOMB, _FILE, b"<!DOCTYPE x>"))) + data,
    lambda draw, data: data.decode(errors="replace").encode("utf-16"),
    lambda draw, data: draw(st.binary(max_size=200)),
)
