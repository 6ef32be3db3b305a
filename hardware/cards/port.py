"""The port of identity card readers: what every reader offers, and how a card or a reader can fail."""

from enum import Enum
from typing import Protocol

from hardware.cards.reading import CardReading


class CardFault(Enum):
    """Why there is no reading. The value is for a log."""

    UNREADABLE = "the card could not be read"
    REMOVED = "the card is not on the reader"
    NUMBER_INVALID = "the number on the card breaks its rule"
    EXPIRED = "the card is not valid today"
    KIND_UNSUPPORTED = "this kind of card is not supported"
    READER_LOST = "the reader does not answer"
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

    async def read(self) -> CardReading:
        """Reads the card that lies there. Raises CardError."""
