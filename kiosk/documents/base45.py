"""Base45 (RFC 9285): bytes in the characters that a QR code stores at 5.5 bits each."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Three characters for two bytes, two for a last single one."""
    text: list[str] = []
    for at in range(0, len(data) - 1, 2):
        rest, low = divmod(data[at] * 256 + data[at + 1], 45)
        high, middle = divmod(rest, 45)
        text += ALPHABET[low], ALPHABET[middle], ALPHABET[high]
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        text += ALPHABET[low], ALPHABET[high]
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes. Raises ValueError."""
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        raise ValueError("not Base45") from None
    data = bytearray()
    for at in range(0, len(values), 3):
        group = values[at : at + 3]
        size = len(group) - 1
        number = sum(value * 45**place for place, value in enumerate(group))
        if size == 0 or number >= 256**size:
            raise ValueError("not Base45")
        data += number.to_bytes(size, "big")
    return bytes(data)
