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
from enum import Enum
from typing import Final, Literal, NoReturn

Encoding = Literal["wlt", "webp", "jpeg", "jp2"]
Level = Literal["reader", "passive", "chip"]
Check = Literal[
    "sam-id bound",
    "pace-can",
    "pace-mrz",
    "bac",
    "passive-authentication",
    "chip-authentication",
    "active-authentication",
]
Sex = Literal["男", "女", "未知", "未说明"]

_MINT: Final = object()
_CITIZEN_NUMBER_LENGTH: Final = 18
_JP2_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")
_JP2_CODESTREAM: Final = bytes.fromhex("FF4FFF51")


class UnknownEncoding(ValueError):
    """These bytes do not begin like any portrait we know."""


class Kind(Enum):
    """Whose card it is and what is on it. The value is for a log."""

    RESIDENT = "resident"
    """The card of a Chinese citizen (GA/T 490, blank flag)."""
    HMT_RESIDENCE = "hmt-residence"
    """The residence permit of somebody from Hong Kong, Macau or Taiwan (flag J)."""
    FOREIGN_2017 = "foreign-2017"
    """The permanent residence card of a foreigner as issued from 2017 (flag I)."""
    FOREIGN_2023 = "foreign-2023"
    """The same as issued from December 2023 (flag Y)."""
    EMRTD = "emrtd"
    """An electronic travel document (ICAO 9303)."""


@dataclass(frozen=True, slots=True)
class Authenticity:
    """Why the reading may be believed, and what was checked on the way, in the order of the checks.

    `level`: "reader", trust rests on the reader alone, that it is the bound one; "passive", the issuer's signature over
    the data was verified; "chip", the chip proved besides that it is no copy.
    """

    level: Level
    checks: tuple[Check, ...] = ()


class NotPicklable:
    """Pickling and copying would put personal data where nobody looks for it."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds personal data and is neither pickled nor copied")


@dataclass(frozen=True, slots=True, repr=False)
class Portrait(NotPicklable):
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


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardReading(NotPicklable):
    """One card, read once; it was valid on the day it was read.

    Always there: `name` (Chinese where the card has one, else Latin), `sex` in the words of GB/T 2261.1, `birth`, and
    `number`: the resident number, residence number or document number. The two of 18 characters have passed GB 11643
    (E04). What a kind of card does not have is empty or None: `nation` is the ethnic group of GB/T 3304, `nationality`
    three letters of ISO 3166-1, `issue_count` how often the card was issued, `related_number` a former number of the
    same person. `valid_until` is None for a card without end (长期). `reader_id` names the reader (an SDT reader: its
    SAM number).
    """

    mint: InitVar[object]
    kind: Kind
    name: str
    latin_name: str = ""
    sex: Sex
    nation: str = ""
    nationality: str = ""
    birth: date
    address: str = ""
    number: str
    pass_number: str = ""
    issue_count: int | None = None
    related_number: str = ""
    issuer: str
    valid_from: date | None
    valid_until: date | None
    portrait: Portrait | None
    reader_id: str
    authenticity: Authenticity

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("only a card reader makes a CardReading")

    @property
    def masked_name(self) -> str:
        """The first character and one star, whatever the length: 张*."""
        return f"{self.name[:1]}*"

    @property
    def masked_number(self) -> str:
        """A citizen's number with the day of birth (digits 7 to 14) hidden, as E05 asks; of others the last two."""
        if len(self.number) == _CITIZEN_NUMBER_LENGTH:
            return f"{self.number[:6]}********{self.number[14:]}"
        return "*" * (len(self.number) - 2) + self.number[-2:]

    def __repr__(self) -> str:
        return f"CardReading({self.kind.value}, {self.masked_name}, {self.masked_number}, {self.portrait!r})"
