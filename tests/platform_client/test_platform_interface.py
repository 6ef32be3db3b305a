"""The interface is one thing: messages, schemas and the reference say the same (C02)."""

from pathlib import Path

import pytest
from msgspec import inspect

from platform_client import binding, reference, wire
from platform_client.binding import Message
from platform_client.evidence import Statement
from platform_client.grammar import Complex, Simple, example, grammar
from platform_client.interface import everything
from platform_client.operation import AboutPerson, Fetch, PersonalAnswer
from platform_client.refusal import Refusal

DOCS = Path(__file__).parents[2] / "docs"
MESSAGES: list[tuple[type[Message], str]] = [
    (Statement, wire.EVIDENCE),
    (Refusal, wire.PLATFORM),
    *dict.fromkeys(
        (message, wire.PLATFORM)
        for each in everything()
        for message in ((each.answer,) if isinstance(each, Fetch) else (each.question, each.answer))
    ),
]


def test_the_reference_is_as_the_schemas_are() -> None:
    """Make it again with: .venv/bin/python -m platform_client.reference > docs/platform-api.md"""
    assert (DOCS / "platform-api.md").read_text(encoding="utf-8") == reference.written()


@pytest.mark.parametrize(("message", "namespace"), MESSAGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_message_has_the_elements_of_its_schema_in_their_order(message: type[Message], namespace: str) -> None:
    root = grammar(namespace).roots[message.__name__]
    same(inspect.type_info(message), root.kind, message.__name__)
    document = wire.serialise(example(root, namespace), namespace)
    there = binding.decode(wire.parse(document, namespace), message)
    if not issubclass(message, AboutPerson):
        assert binding.decode(wire.parse(binding.encode(there, namespace), namespace), message) == there


def same(form: inspect.Type, kind: Simple | Complex, where: str) -> None:
    """Field by field, and field in field."""
    if isinstance(form, inspect.CustomType):
        form = inspect.type_info(form.cls.form)
    if isinstance(form, inspect.UnionType):
        (form,) = (each for each in form.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, Simple):
        assert not isinstance(form, inspect.StructType), where
        return
    assert isinstance(form, inspect.StructType), where
    assert [field.encode_name for field in form.fields] == [part.name for part in kind.parts], where
    for field, part in zip(form.fields, kind.parts, strict=True):
        place, inner = f"{where}/{part.name}", field.type
        repeated = isinstance(inner, inspect.VarTupleType)
        assert repeated == (part.most > 1), place
        optional = isinstance(inner, inspect.UnionType) and inner.includes_none
        assert optional == (part.most == 1 and part.least == 0), place
        same(inner.item_type if isinstance(inner, inspect.VarTupleType) else inner, part.kind, place)


def test_every_operation_has_a_name_and_a_path_of_its_own() -> None:
    operations = everything()
    assert len({each.name for each in operations}) == len({each.path for each in operations}) == len(operations)


def test_no_call_takes_a_number_and_every_answer_about_a_person_says_about_whom() -> None:
    """E01, E02: a number stands in evidence and nowhere else, and a personal answer is to a question with evidence."""
    for each in everything():
        person = not isinstance(each, Fetch) and issubclass(each.question, AboutPerson)
        assert issubclass(each.answer, PersonalAnswer) == person, each.name
        if not isinstance(each, Fetch):
            numbers = list(named("CardNumber", grammar().roots[each.question.__name__].kind))
            assert numbers == (["Evidence/Number"] if person else []), each.name


def named(type_name: str, kind: Simple | Complex, where: str = ""):  # type: ignore[no-untyped-def]
    """The paths of the elements of this type."""
    for part in kind.parts if isinstance(kind, Complex) else ():
        place = f"{where}/{part.name}".strip("/")
        if part.kind.name == type_name:
            yield place
        yield from named(type_name, part.kind, place)
