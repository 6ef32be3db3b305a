"""BER-TLV as ISO/IEC 7816-4 and Doc 9303-10 use it: tags of one to three bytes, definite lengths of up to four.

The reader is not recursive and copies nothing twice; each call reads one level, so nesting is bounded by the caller
who knows the structure. Raises `EmrtdError` PROTOCOL for everything that is not whole.
"""

from typing import Final

from hardware.cards.emrtd.faults import broken

MAX_OBJECTS: Final = 256
MAX_TAG_BYTES: Final = 3
MAX_LENGTH_BYTES: Final = 4


def header(data: bytes, start: int = 0) -> tuple[int, int, int]:
    """(tag, offset of the value, length of the value) of the object at `start`. The value need not be there yet."""
    if start >= len(data):
        raise broken("TLV: no tag")
    end = start + 1
    if data[start] & 0x1F == 0x1F:
        while True:
            if end >= len(data) or end - start >= MAX_TAG_BYTES:
                raise broken("TLV: tag not whole or too long")
            end += 1
            if not data[end - 1] & 0x80:
                break
    tag = int.from_bytes(data[start:end], "big")
    if end >= len(data):
        raise broken("TLV: no length")
    first = data[end]
    end += 1
    if first < 0x80:
        return tag, end, first
    count = first & 0x7F
    if not 1 <= count <= MAX_LENGTH_BYTES or end + count > len(data):
        raise broken("TLV: length not whole, indefinite or too long")
    return tag, end + count, int.from_bytes(data[end : end + count], "big")


def parse(data: bytes) -> list[tuple[int, bytes]]:
    """The objects of one level, in order."""
    objects: list[tuple[int, bytes]] = []
    position = 0
    while position < len(data):
        tag, value, length = header(data, position)
        if value + length > len(data):
            raise broken("TLV: value ends after its container")
        if len(objects) == MAX_OBJECTS:
            raise broken("TLV: too many objects")
        position = value + length
        objects.append((tag, data[value:position]))
    return objects


def unique(data: bytes) -> dict[int, bytes]:
    """The objects of one level by tag; a tag that comes twice is refused."""
    objects = parse(data)
    by_tag = dict(objects)
    if len(by_tag) != len(objects):
        raise broken("TLV: the same tag twice")
    return by_tag


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object that `data` is, which must have this tag."""
    objects = parse(data)
    if len(objects) != 1 or objects[0][0] != tag:
        raise broken(f"TLV: not one object {tag:X}")
    return objects[0][1]


def encode(tag: int, value: bytes) -> bytes:
    """One object in its shortest form."""
    length = len(value)
    if length < 0x80:
        size = bytes([length])
    else:
        digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(digits)]) + digits
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big") + size + value
