"""docs/platform-api.md, made of the schemas and the operations: `python -m platform_client.reference`.

Prose stands in reference.in; every table, type and example is read from what the two ends use.
"""

import sys
from collections.abc import Iterable
from importlib import resources
from typing import Any

from lxml import etree

from platform_client import grammar, wire
from platform_client.binding import Message
from platform_client.grammar import Complex, Part, Root, Simple, example
from platform_client.interface import SUBJECTS, Operation, operations
from platform_client.operation import AboutPerson, Fetch
from platform_client.refusal import Refusal, RefusalCode

_FEW = 2
"""How many of many equal elements an example shows."""


def written() -> str:
    """The whole page."""
    prose = (resources.files("platform_client") / "reference.in").read_text(encoding="utf-8")
    (statement,) = grammar.grammar(wire.EVIDENCE).roots.values()
    subjects = [*(_subject(name) for name in SUBJECTS), f"## Refusal\n\n{_message(Refusal)}"]
    for place, content in (
        ("{statement}", f"### Statement\n\n{_document(statement, wire.EVIDENCE)}"),
        ("{operations}", _operations()),
        ("{subjects}", "\n\n".join(subjects)),
        ("{types}", _types()),
    ):
        prose = prose.replace(place, content)
    return prose


def _operations() -> str:
    rows = ["| Operation | Call | Question | Answer | About a person | Repeatable |", "|---|---|---|---|---|---|"]
    for subject in SUBJECTS.values():
        rows += [_operation(each) for each in operations(subject)]
    return "\n".join(rows)


def _operation(each: Operation) -> str:
    match each:
        case Fetch():
            return f"| {each.name} | `GET {each.path}` | | {_link(each.answer)} | | yes |"
        case _:
            person = "yes" if issubclass(each.question, AboutPerson) else ""
            repeatable = "yes" if each.repeatable else ""
            question, answer = _link(each.question), _link(each.answer)
            return f"| {each.name} | `POST {each.path}` | {question} | {answer} | {person} | {repeatable} |"


def _link(message: type[Message]) -> str:
    return f"[{message.__name__}](#{message.__name__.lower()})"


def _subject(name: str) -> str:
    """A subject's messages, each once, in the order in which they are needed."""
    messages: dict[type[Message], None] = {}
    for each in operations(SUBJECTS[name]):
        for message in _messages(each):
            messages[message] = None
    described = (f"### {each.__name__}\n\n{_message(each)}" for each in messages)
    return "\n\n".join([f"## {name}", *_refusals(name), *described])


def _refusals(name: str) -> Iterable[str]:
    """The codes that are the subject's own."""
    kinds = [kind for kind in vars(SUBJECTS[name]).values() if isinstance(kind, type) and issubclass(kind, RefusalCode)]
    codes = [f"`{code.value}`" for kind in kinds for code in kind if kind is not RefusalCode]
    if codes:
        yield f"Refused by a code of this subject, with 403: {', '.join(codes)}."


def _messages(operation: Operation) -> Iterable[type[Message]]:
    if not isinstance(operation, Fetch):
        yield operation.question
    yield operation.answer


def _message(message: type[Message]) -> str:
    return _document(grammar.grammar().roots[message.__name__], wire.PLATFORM)


def _document(root: Root, namespace: str) -> str:
    parts = [root.about] if root.about else []
    if isinstance(root.kind, Complex) and root.kind.parts:
        parts.append(_parts(root.kind.parts))
    return "\n\n".join([*parts, f"```xml\n{_example(root, namespace)}```"])


def _parts(parts: tuple[Part, ...]) -> str:
    rows = ["| Element | Type | Times | Meaning |", "|---|---|---|---|"]
    rows += [f"| {part.name} | {_type(part.kind)} | {_times(part)} | {_cell(part.about)} |" for part in parts]
    return "\n".join(rows)


def _type(kind: Simple | Complex) -> str:
    return f"`xs:{kind.name}`" if isinstance(kind, Simple) and kind.name == kind.base else kind.name or "elements"


def _times(part: Part) -> str:
    return str(part.least) if part.least == part.most else f"{part.least}–{part.most}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _example(root: Root, namespace: str) -> str:
    node = example(root, namespace)
    for parent in list(node.iter()):
        _abridge(parent)
    etree.indent(node)
    text: str = etree.tostring(node, encoding="unicode", pretty_print=True)
    return text


def _abridge(parent: etree._Element) -> None:
    """Many equal elements become a few, and a comment that says so."""
    seen: dict[Any, int] = {}
    for child in list(parent):
        seen[child.tag] = seen.get(child.tag, 0) + 1
        if seen[child.tag] > _FEW:
            parent.remove(child)
    left_out = sum(max(count - _FEW, 0) for count in seen.values())
    if left_out:
        parent.append(etree.Comment(f" and {left_out} more "))


def _types() -> str:
    found = grammar.grammar().types | grammar.grammar(wire.EVIDENCE).types
    simple = [kind for kind in found.values() if isinstance(kind, Simple)]
    rows = ["| Type | Rule | Example | Meaning |", "|---|---|---|---|"]
    for kind in sorted(simple, key=lambda kind: kind.name):
        rows.append(f"| {kind.name} | {_cell(_rule(kind))} | `{_cell(kind.example)}` | {_cell(kind.about)} |")
    blocks = ["\n".join(rows)]
    for each in sorted(found.values(), key=lambda kind: kind.name):
        if isinstance(each, Complex):
            blocks.append("\n\n".join(filter(None, (f"### {each.name}", each.about, _parts(each.parts)))))
    return "\n\n".join(blocks)


def _rule(kind: Simple) -> str:
    rules = [f"`xs:{kind.base}`"]
    if kind.words:
        rules.append("one of " + ", ".join(f"`{word}`" for word in kind.words))
    if kind.pattern is not None:
        rules.append(f"`{kind.pattern}`")
    for limit, says in (
        (kind.min_length, "length from {}"),
        (kind.max_length, "length to {}"),
        (kind.least, "from {}"),
        (kind.most, "to {}"),
    ):
        if limit is not None:
            rules.append(says.format(limit))
    return ", ".join(rules)


if __name__ == "__main__":
    sys.stdout.write(written())
