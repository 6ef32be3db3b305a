"""What a reader's bad status (SW3) means: the fault, and a sentence for the log."""

from collections.abc import Mapping
from typing import Final

from hardware.cards.port import CardFault
from hardware.cards.sdt_frame import Answer, Status

# The reader and the card have to recognise each other before any data flows. When one of the two fails at it, the card
# is not what it pretends to be, or was not made for this SAM.
_MEANING: Final[Mapping[int, tuple[CardFault, str]]] = {
    Status.CHECKSUM_WRONG: (CardFault.UNREADABLE, "the line damages every command"),
    Status.LENGTH_WRONG: (CardFault.UNREADABLE, "the line changes the length of commands"),
    Status.COMMAND_UNKNOWN: (CardFault.READER_LOST, "the reader does not know this command"),
    Status.NOT_PERMITTED: (CardFault.READER_LOST, "the reader does not permit this command"),
    Status.UNKNOWN_ERROR: (CardFault.UNREADABLE, "the reader failed without saying why"),
    Status.CARD_REJECTS_SAM: (CardFault.NOT_AUTHENTIC, "the card does not accept the SAM"),
    Status.SAM_REJECTS_CARD: (CardFault.NOT_AUTHENTIC, "the SAM does not accept the card as genuine"),
    Status.VERIFY_FAILED: (CardFault.NOT_AUTHENTIC, "the data on the card fails the SAM's check"),
    Status.CARD_TYPE_WRONG: (CardFault.KIND_UNSUPPORTED, "the SAM does not know this type of card"),
    Status.READ_FAILED: (CardFault.UNREADABLE, "the card's data cannot be read"),
    Status.RANDOM_FAILED: (CardFault.UNREADABLE, "the card gives no random number"),
    Status.SELF_TEST_FAILED: (CardFault.READER_LOST, "the reader fails its self-test"),
    Status.UNAUTHORISED: (CardFault.READER_LOST, "the SAM is not authorised"),
    Status.FIND_FAILED: (CardFault.UNREADABLE, "no card is found"),
    Status.SELECT_FAILED: (CardFault.UNREADABLE, "the card cannot be selected"),
    Status.NO_SUCH_ITEM: (CardFault.UNREADABLE, "the card has no such data"),
}


def refusal(answer: Answer) -> tuple[CardFault, str]:
    """For an answer that is not the success of its command. An undocumented status is UNREADABLE, by its number."""
    return _MEANING.get(answer.status, (CardFault.UNREADABLE, f"undocumented status {answer.status_name}"))
