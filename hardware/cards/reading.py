"""What a reader got from an identity card: evidence, so only a reader can make it.

The constructor asks for this module's mint, which the drivers in this package import and nobody else does: whoever
holds a `CardReading` knows that a card lay on a reader. It shows itself masked (requirement E05), cannot be pickled
or copied, and has no `__dict__`.

There is no `wipe()`: Python strings and bytes cannot be overwritten, and the interpreter makes copies while it slices
and decodes. What really protects the citizen is a short life (drop the last reference when the session ends), no swap
and no core dump on the machine. A method that pretends more would only be believed.
"""

from dataclasses import InitVar, dataclass
from datetime import date
from typing import Final, Literal, NoReturn

Encoding = Literal["wlt", "webp", "jpeg", "jp2"]

_MINT: Final = object()
_JP2_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")
_JP2_CODESTREAM: Final = bytes.fromhex("FF4FFF51")


class UnknownEncoding(ValueError):
    """These bytes do not begin like any portrait we know."""


class _NotPicklable:
    """Pickling and copying would put personal data where nobody looks for it."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds personal data and is neither pickled nor copied")


@dataclass(frozen=True, slots=True, repr=False)
class Portrait(_NotPicklable):
    """The picture as the card gave it, undecoded. WLT is the closed format of real resident cards (102x126 pixels)."""

    data: bytes
    encoding: Encoding

    @classmethod
    def detect(cls, block: bytes) -> "Portrait":
        """Names the encoding by its first bytes and cuts a WebP at its own length. Raises UnknownEncoding."""
        if block.startswith(b"WL"):
            return cls(block, "wlt")
        if block.startswith(b"RIFF") and block[8:12] == b"WEBP":
            return cls(block[: 8 + int.from_bytes(block[4:8], "little")], "webp")
        if block.startswith(b"\xff\xd8"):
            return cls(block, "jpeg")
        if block.startswith((_JP2_SIGNATURE, _JP2_CODESTREAM)):
            return cls(block, "jp2")
        raise UnknownEncoding

    def __repr__(self) -> str:
        return f"Portrait({self.encoding}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True, repr=False)
class CardReading(_NotPicklable):
    """One card, read once. `valid_until` is None for a card without end (长期); `reader_id` is the reader's SAM number.

    `sex` and `nation` are the Chinese words of GB/T 2261.1 and GB/T 3304; `number` has passed GB 11643 (E04) and the
    card was valid on the day it was read.
    """

    mint: InitVar[object]
    kind: Literal["resident"]
    name: str
    sex: str
    nation: str
    birth: date
    address: str
    number: str
    issuer: str
    valid_from: date
    valid_until: date | None
    portrait: Portrait
    reader_id: str

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("only a card reader makes a CardReading")

    @property
    def masked_name(self) -> str:
        """The first character and one star, whatever the length: 张*."""
        return f"{self.name[:1]}*"

    @property
    def masked_number(self) -> str:
        """The number with year, month and day of birth (digits 7 to 14) hidden, as E05 asks."""
        return f"{self.number[:6]}********{self.number[14:]}"

    def __repr__(self) -> str:
        return f"CardReading({self.kind}, {self.masked_name}, {self.masked_number}, {self.portrait!r})"
