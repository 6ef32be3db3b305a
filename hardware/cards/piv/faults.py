"""How a staff card can fail to show whose it is: named, and nothing else leaves this package."""

from enum import Enum


class PivFault(Enum):
    """The value is for a log."""

    NOT_PIV = "the card has no PIV application"
    NO_CERTIFICATE = "the card has no PIV authentication certificate that can be read"
    KEY_UNSUPPORTED = "the card's key is neither RSA-2048 nor EC P-256"
    PIN_WRONG = "the PIN is wrong"
    PIN_BLOCKED = "the PIN is blocked"
    TRIES_CHANGED = "the card has fewer tries left than its holder was told"
    REFUSED = "the card refuses to use its key"
    PROTOCOL = "the card breaks its protocol"
    GONE = "the card was taken away"
    UNREADABLE = "the card does not answer"
    READER_LOST = "the reader is not there"


class PivError(Exception):
    """No proof, for a named reason. `tries_left`: of the PIN, when the card said so."""

    def __init__(self, fault: PivFault, detail: str = "", tries_left: int | None = None) -> None:
        super().__init__(f"{fault.name} {detail}".strip())
        self.fault = fault
        self.detail = detail
        self.tries_left = tries_left
