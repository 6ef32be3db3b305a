"""Messages as types: a `Message` is one element of our schemas, and XML is only how it travels.

The rule is short enough to keep in mind. An element has the name of its class (`IssueCall`) or of the field it fills
(`request_id` becomes RequestId; `field(name="Kind")` says otherwise). Fields stand in their order; a field that is None
is left out; a tuple repeats its element. There are no attributes. Values are written as XSD writes them (moments in
UTC, to the second) and read back as the field's type by msgspec, after the schema has judged the document: a value that
passes the one and not the other is a mistake of ours, and refused all the same.

Messages hold people: their `repr` shows nothing, and nothing of them is quoted in an error.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

import msgspec
from lxml import etree
from msgspec import inspect

from platform_client import wire
from platform_client.wire import NotOurs


class Message(msgspec.Struct, frozen=True, rename="pascal"):
    """One element of our schemas; its fields are the elements in it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


M = TypeVar("M", bound=Message)


class Minted(ABC):
    """A value that not everybody may make (evidence), and that travels as the message `form`."""

    __slots__ = ()
    form: ClassVar[type[Message]]

    @abstractmethod
    def shown(self) -> Message: ...

    @classmethod
    @abstractmethod
    def received(cls, message: Any) -> Self: ...


def encode(message: Message, namespace: str = wire.PLATFORM) -> bytes:
    """The document, valid under the schema of `namespace`. Raises WireError."""
    root = wire.element(namespace, type(message).__name__)
    _fill(root, msgspec.to_builtins(message, builtin_types=(datetime,), enc_hook=_shown))
    return wire.serialise(root, namespace)


def decode(root: etree._Element, kind: type[M]) -> M:
    """The message in a root that its schema has judged. Raises WireError."""
    if etree.QName(root).localname != kind.__name__:
        raise NotOurs(f"not a {kind.__name__}")
    try:
        return msgspec.convert(_content(root, _form(kind)), kind, strict=False, dec_hook=_received)
    except msgspec.ValidationError:
        raise NotOurs(f"a {kind.__name__} with a value that is none") from None


def _shown(value: Any) -> Any:
    if isinstance(value, Minted):
        return value.shown()
    raise NotImplementedError(type(value).__name__)


def _received(kind: type, content: Any) -> Any:
    if issubclass(kind, Minted):
        return kind.received(msgspec.convert(content, kind.form, strict=False))
    raise NotImplementedError(kind.__name__)


def _fill(parent: etree._Element, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            match each:
                case None:
                    pass
                case dict():
                    _fill(wire.child(parent, name), each)
                case bool():
                    wire.child(parent, name, "true" if each else "false")
                case datetime():
                    wire.child(parent, name, each.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
                case _:
                    wire.child(parent, name, str(each))


@cache
def _form(kind: type) -> inspect.Type:
    return inspect.type_info(kind)


def _content(node: etree._Element, form: inspect.Type) -> Any:
    """What `msgspec.convert` makes the value of: a dict for an element with elements, else its text."""
    match form:
        case inspect.StructType(fields=fields):
            return {field.encode_name: _field(node, field) for field in fields}
        case inspect.CustomType(cls=kind) if issubclass(kind, Minted):
            return _content(node, _form(kind.form))
        case inspect.UnionType(types=types):
            return _content(node, next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.BytesType():
            return "".join((node.text or "").split())
        case _:
            return node.text or ""


def _field(node: etree._Element, field: inspect.Field) -> Any:
    named = f"{{*}}{field.encode_name}"
    if isinstance(field.type, inspect.VarTupleType):
        return [_content(each, field.type.item_type) for each in node.findall(named)]
    found = node.find(named)
    return None if found is None else _content(found, field.type)


field: Callable[..., Any] = msgspec.field
