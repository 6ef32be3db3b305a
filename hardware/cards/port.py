"""The port of identity card readers: what every reader offers, and how a card or a reader can fail.

A travel document's chip opens only to whoever holds the document and so knows what is printed on it: `Mrz` or `Can`.
A Chinese resident card asks for nothing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from hardware.cards.reading import CardReading, NotPicklable

_MRZ_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
_DIGITS: Final = frozenset("0123456789")
_LONGEST_DOCUMENT_NUMBER: Final = 22
_MRZ_DAY_LENGTH: Final = 6
_CAN_LENGTH: Final = 6


@dataclass(frozen=True, slots=True, repr=False)
class Mrz(NotPicklable):
    """What opens a chip out of its machine readable zone (ICAO 9303-11, 4.3): as printed, without check digits.

    `birth` and `expiry` are YYMMDD; unknown parts of a birth are `<`. Raises ValueError, without quoting.
    """

    document_number: str
    birth: str
    expiry: str

    def __post_init__(self) -> None:
        if not 0 < len(self.document_number) <= _LONGEST_DOCUMENT_NUMBER:
            raise ValueError(f"a document number has 1 to {_LONGEST_DOCUMENT_NUMBER} characters")
        if not _MRZ_CHARACTERS.issuperset(self.document_number):
            raise ValueError("a document number has only A-Z, 0-9 and <")
        if len(self.birth) != _MRZ_DAY_LENGTH or not (_DIGITS | {"<"}).issuperset(self.birth):
            raise ValueError("a day of birth is YYMMDD")
        if len(self.expiry) != _MRZ_DAY_LENGTH or not _DIGITS.issuperset(self.expiry):
            raise ValueError("a day of expiry is YYMMDD")

    def __repr__(self) -> str:
        return "Mrz(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Can(NotPicklable):
    """The six-digit card access number printed on the document (ICAO 9303-11, 4.4). Raises ValueError.

    It opens only the chip that lies on the reader, was not derived from a person and identifies nobody. So asking a
    citizen to type it is not what E01 forbids: nobody can query anybody with it.
    """

    digits: str

    def __post_init__(self) -> None:
        if len(self.digits) != _CAN_LENGTH or not _DIGITS.issuperset(self.digits):
            raise ValueError("a card access number has six digits")

    def __repr__(self) -> str:
        return "Can(…)"


Access = Mrz | Can


class CardFault(Enum):
    """Why there is no reading. The value is for a log."""

    UNREADABLE = "the card could not be read"
    REMOVED = "the card is not on the reader"
    NUMBER_INVALID = "the number on the card breaks its rule"
    EXPIRED = "the card is not valid today"
    KIND_UNSUPPORTED = "this kind of card is not supported"
    ACCESS_NEEDED = "the chip opens only with its MRZ or card access number"
    ACCESS_REFUSED = "the chip does not open with this MRZ or card access number"
    NOT_AUTHENTIC = "the data or the chip is not what its issuer made"
    PROTOCOL = "the chip breaks its protocol"
    READER_LOST = "the reader does not answer, or not as it should"
    READER_REPLACED = "this is not the reader that belongs to this terminal"


class CardError(Exception):
    """No reading, for a named reason. `detail` is for the log: precise, and never personal data."""

    def __init__(self, fault: CardFault, detail: str = "") -> None:
        super().__init__(f"{fault.name} {detail}".strip())
        self.fault = fault
        self.detail = detail


class ReaderState(Enum):
    """For a health view: can this reader be used?"""

    READY = "ready"
    LOST = "lost"
    REPLACED = "replaced"


class IdentityReader(Protocol):
    """A device that notices a card, reads it on request and notices that it is gone.

    A reader that is pulled out comes back by itself: the waits go on, `state` tells meanwhile. A card on a reader
    that is not READY counts as absent.
    """

    @property
    def present(self) -> bool:
        """A card lies on the reader."""

    @property
    def state(self) -> ReaderState:
        """Whether it can be used."""

    async def open(self) -> None:
        """Starts watching the reader and returns when it was reached, or found missing, once: see `state`."""

    async def close(self) -> None:
        """Stops watching and frees the device."""

    async def wait_present(self) -> None:
        """Until a card lies on the reader, also across an unplugged reader."""

    async def wait_absent(self) -> None:
        """Until no card lies on the reader, or the reader is gone (then `state` is not READY)."""

    async def wait_state(self, state: ReaderState) -> None:
        """Until the reader is in this state."""

    async def read(self, access: Access | None = None) -> CardReading:
        """Reads the card that lies there. Raises CardError.

        `access`: what opens the chip of a travel document. Handing it to a reader of cards that need none is a
        programming error: ValueError.
        """
