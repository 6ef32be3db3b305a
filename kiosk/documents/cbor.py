"""The little of CBOR (RFC 8949) that a signed statement needs: integers, strings, arrays, one map, one tag.

Encoding is the deterministic one (4.2.1): shortest heads, definite lengths. Decoding accepts nothing else, so that one
statement has one spelling.
"""

from dataclasses import dataclass
from typing import Final

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_DEEPEST: Final = 4


class NotOurCbor(ValueError):
    """The bytes are not CBOR of this profile."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value and the tag before it."""

    tag: int
    value: "Value"


Value = int | str | bytes | tuple["Value", ...] | dict[int, int] | Tagged


def encode(value: Value) -> bytes:
    """The one encoding of `value`."""
    match value:
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            return _head(_TEXT, len(text := value.encode())) + text
        case tuple():
            return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
        case dict():
            return _head(_MAP, len(value)) + b"".join(sorted(encode(key) + encode(item) for key, item in value.items()))
        case Tagged(tag, inner):
            return _head(_TAG, tag) + encode(inner)


def decode(data: bytes) -> Value:
    """The value whose encoding is all of `data`. Raises NotOurCbor."""
    value, end = _read(data, 0, _DEEPEST)
    if end != len(data) or encode(value) != data:
        raise NotOurCbor("more than one value, or not its deterministic encoding")
    return value


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise NotOurCbor("a number of more than 64 bits")


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    major, number, at = _read_head(data, at)
    if depth == 0:
        raise NotOurCbor("nested too deeply")
    match major:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2 | 3:
            end = at + number
            if end > len(data):
                raise NotOurCbor("cut short")
            if major == _BYTES:
                return data[at:end], end
            try:
                return data[at:end].decode(), end
            except UnicodeDecodeError:
                raise NotOurCbor("a text is not UTF-8") from None
        case 4:
            return _read_array(data, at, number, depth)
        case 5:
            items, at = _read_array(data, at, 2 * number, depth)
            pairs = dict(zip(items[::2], items[1::2], strict=True)) if all(isinstance(n, int) for n in items) else None
            if pairs is None:
                raise NotOurCbor("a map of other things than integers")
            return pairs, at  # type: ignore[return-value]  # both sides were seen to be integers
        case 6:
            value, at = _read(data, at, depth - 1)
            return Tagged(number, value), at
    raise NotOurCbor("a float or a simple value")


def _read_array(data: bytes, at: int, length: int, depth: int) -> tuple[tuple[Value, ...], int]:
    if length > len(data):
        raise NotOurCbor("cut short")
    items: list[Value] = []
    for _ in range(length):
        item, at = _read(data, at, depth - 1)
        items.append(item)
    return tuple(items), at


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise NotOurCbor("cut short")
    major, short = data[at] >> 5, data[at] & 31
    at += 1
    if short < 24:
        return major, short, at
    if short > 27 or at + (size := 1 << short - 24) > len(data):
        raise NotOurCbor("an indefinite length, or cut short")
    return major, int.from_bytes(data[at : at + size], "big"), at + size
